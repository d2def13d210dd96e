"""What stands behind a body of torchvision's that was taken apart: a pool, and last layers of one's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn

from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import HeadBeside
from trainer.networks.fitting import beside_body, elsewhere, head_sentence, without_scores
from trainer.networks.heads import ConcatenatedPool, Head, Place, built
from trainer.networks.matching import Tensors, shared, under

_OPEN_ENDED = "densenet"
"""What torchvision applies a last ReLU to in its `forward`, so that no part of the network has it."""
_LAST_RELU = ":last_relu="
_TAKEN_APART = (
    "The parts of {} stand under other names than its own, so the file's author runs them: they were taken to run one "
    "after the other, and each map to be averaged before the last layers where nothing else is said."
)


@dataclass(frozen=True)
class CutBody:
    """Where a body stands: the names in the file by torchvision's, and what stands before them.

    `whole` is torchvision's network without memory, with as many channels.
    """

    name: str
    names: Mapping[str, str]
    prefix: str
    whole: nn.Module


@dataclass(frozen=True)
class Tail:
    """What stands `between` the body and the last layers, where these are, and sentences about both.

    `place` is what reaches them; with `fixed_size` they take maps of one size. `heads` as in
    `Blueprint`.
    """

    between: Callable[[], list[tuple[str, nn.Module]]]
    place: Place
    tensors: Tensors
    outputs: int
    foreign: tuple[str, ...]
    assumed: tuple[str, ...]
    fixed_size: bool = False
    heads: Mapping[str, HeadBeside] = field(default_factory=dict)


def parts_of_body(whole: nn.Module, name: str) -> nn.Sequential:
    """The parts of torchvision's network before its last layers, but not the pool at their end."""
    children = list(whole.named_children())
    last = tv.table()[name]["last"].partition(".")[0]
    children = children[: [key for key, _ in children].index(last)]
    while isinstance(children[-1][1], nn.AdaptiveAvgPool2d | nn.Dropout | nn.Flatten):
        children.pop()
    parts = nn.Sequential()
    for key, part in children:
        parts.add_module(key, part)
    return parts


def reading_of(name: str) -> tuple[str, bool | None]:
    """The network's name, and whether its last ReLU is there, in "densenet121:last_relu=True"; None for others."""
    plain, _, reading = name.partition(_LAST_RELU)
    relu = {"True": True, "False": False}.get(reading)
    return (plain, relu) if relu is not None and plain.startswith(_OPEN_ENDED) else (name, None)


def tail_of(body: CutBody, rest: Tensors, size: tuple[int, int], last_relu: bool | None) -> Tail:
    """What stands behind the body, made from the weights beside it, for pictures of the proposed size (h, w).

    `last_relu` says whether a DenseNet's last ReLU is there; None where nobody says it.
    """
    name, notes = body.name, [_TAKEN_APART.format(body.name)]
    place = Place.of(body.whole.get_submodule(tv.table()[name]["last"].partition(".")[0]))
    assert place is not None  # torchvision's own
    pool = getattr(body.whole, "avgpool", None)
    sides = pool.output_size if isinstance(pool, nn.AdaptiveAvgPool2d) else 1
    side = int((sides[0] if isinstance(sides, tuple) else sides) or 1)
    maps = place.features // side**2 if not place.is_map else place.features
    if name in ("googlenet", "inception_v3"):
        notes.append("It was taken not to rescale its input (transform_input), as its parts alone do not.")
    for reached, kinds, why in _ways(body, maps, side, size, rest):
        heads = _heads(rest, reached, body.prefix)
        if len(heads) > 1:
            break
        for path, (tensors, head) in heads.items():
            before, relu_note = _last_relu(body, path, tensors, 1 if kinds == [nn.Flatten] else 2, last_relu)
            foreign = tuple(key for key in rest if path and not key.startswith(f"{path}."))
            return Tail(
                partial(_made, [*before, *kinds]),
                reached,
                tensors,
                head.outputs,
                foreign,
                (*notes, *relu_note, head_sentence(path, head), *why),
                kinds == [nn.Flatten],
                beside_body(heads) if path else {},
            )
    else:
        heads = {}
    text = without_scores("head", rest, tuple(heads))
    return Tail(list, place, {}, 0, tuple(rest), (*notes, text), heads=beside_body(heads))


def _last_relu(
    body: CutBody, path: str, head: Tensors, needed: int, said: bool | None
) -> tuple[list[type[nn.Module]], tuple[str, ...]]:
    """The ReLU between a DenseNet's body, which ends in a norm, and the last layers, if it is there, and a sentence.

    `path` is that of these last layers and `head` are their weights; `needed` modules without weights reach them.
    """
    if not body.name.startswith(_OPEN_ENDED):
        return [], ()
    between = _numbers_between(body.prefix, path, head)
    if said is not None:
        there, why = said, "as it was said"
    elif between is not None and between > needed:
        there, why = True, f"as one of the {between} modules without weights before the last layers"
    elif between is not None:
        there, why = False, "for which the numbers before the last layers leave no place"
    elif body.prefix.rstrip(".").rpartition(".")[2].isdecimal():
        there, why = False, "as a sequence of the parts leaves it out"
    else:
        there, why = True, "as in torchvision's own"
    taken = "taken to be there" if there else "left out"
    other = f" (--architecture {body.name}{_LAST_RELU}{not there} for the other reading)" if said is None else ""
    text = f"Its last ReLU is no part of it and was {taken}, {why}{other}."
    return [nn.ReLU] if there else [], (text,)


def _numbers_between(prefix: str, path: str, head: Tensors) -> int | None:
    """How many modules without weights stand between a body and the last layers, where both are numbered in one line.

    Those at the beginning of the last layers count.
    """
    start = shared([prefix, f"{path}."])
    first, _, _ = prefix.removeprefix(start).partition(".")
    last = path.removeprefix(start).split(".")
    if not all(number.isdecimal() for number in (first, *last)):
        return None
    leading = [int(number) for name in head if (number := name.partition(".")[0]).isdecimal()]
    return sum(map(int, last)) - int(first) - 1 + min(leading, default=0)


def _ways(
    body: CutBody, maps: int, side: int, size: tuple[int, int], rest: Tensors
) -> Iterator[tuple[Place, list[Callable[[], nn.Module]], tuple[str, ...]]]:
    """What may stand between the body's maps and the last layers: what these then take, its parts, and a sentence."""
    average: Callable[[], nn.Module] = partial(nn.AdaptiveAvgPool2d, 1)
    yield Place(maps, False), [average, nn.Flatten], ()
    yield Place(maps, True), [], ()
    text = f"They take twice as many values as the {maps} maps: the largest and the average."
    yield Place(2 * maps, False), [ConcatenatedPool, nn.Flatten], (text,)
    if side > 1:
        yield Place(maps * side**2, False), [partial(nn.AdaptiveAvgPool2d, side), nn.Flatten], ()
    widths = {tensor.shape[1] for tensor in rest.values() if tensor.dim() == 2} - {maps * side**2}
    if any(width > 2 * maps and width % maps == 0 for width in widths):
        first = next(part for part in body.whole.modules() if isinstance(part, nn.Conv2d))
        picture = torch.empty(1, first.in_channels, *size, device="meta")
        sides = parts_of_body(body.whole, body.name).eval()(picture).shape[2:]
        text = f"They take all {sides[0]} x {sides[1]} places of the maps, so that pictures are {size[0]} x {size[1]}."
        yield Place(maps * sides.numel(), False), [nn.Flatten], (text,)


def _heads(rest: Tensors, place: Place, prefix: str) -> dict[str, tuple[Tensors, Head]]:
    """The last layers that can be among these, by their path; "" where all of these are."""
    start = shared(rest) if rest else ""
    inside = under(rest, start)
    head = built(inside, place) if inside else None
    if head is None and start:  # a single layer, of which the module that it stands in makes one with a pool
        start = start.rstrip(".").rpartition(".")[0]
        start += "." if start else ""
        inside = under(rest, start)
        head = built(inside, place)
    if head is not None:
        return {start.rstrip("."): (inside, head)}
    heads = elsewhere(rest, place, prefix)
    if len(heads) == 1:
        ((path, _),) = heads.items()
        parent, _, leaf = path.rpartition(".")
        siblings = under(rest, f"{parent}." if parent else "")
        if leaf.isdecimal() and any(
            key.partition(".")[0] != leaf and key.partition(".")[0].isdecimal() for key in siblings
        ):
            return {}  # one of several layers in a sequence is not all of them
    return dict(heads)


def _made(kinds: Sequence[Callable[[], nn.Module]]) -> list[tuple[str, nn.Module]]:
    parts = [kind() for kind in kinds]
    names = {"ReLU": "relu", "Flatten": "flatten"}
    return [(names.get(type(part).__name__, "pool"), part) for part in parts]
