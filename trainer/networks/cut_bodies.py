"""torchvision's networks taken apart: their parts in a sequence, or in a class of one's own, under other names.

`nn.Sequential(*list(model.children())[:-1])`, fastai's body and head, `self.encoder = model.features`: in the file
stands torchvision's body, tensor for tensor, and last layers of one's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import Blueprint, on_meta
from trainer.networks.fitting import elsewhere, head_sentence, without_scores
from trainer.networks.heads import ConcatenatedPool, Head, NoScores, Place, built
from trainer.networks.matching import COUNTER, Tensors, differences, prefixes_of, shared, spellings, under
from trainer.networks.signatures import orders, places

_FAMILIES = (
    ("features",),
    ("layers",),
    ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"),
    ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"),
    ("stem", "trunk_output"),
    ("features", "norm"),
    (
        *("conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3"),
        *(f"inception4{letter}" for letter in "abcde"),
        *("maxpool4", "inception5a", "inception5b"),
    ),
    (
        *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
        *(f"Mixed_{part}" for part in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")),
    ),
)
"""The parts of a body in the order in which torchvision's networks hold and run them."""
_WHOLE = ("vit_", "maxvit")
"""Networks that are no sequence of their parts."""
_MOST_PLACES = 64
_TAKEN_APART = (
    "The parts of {} stand under other names than its own, so the file's author runs them: they were taken to run one "
    "after the other, and each map to be averaged before the last layers where nothing else is said."
)


@dataclass(frozen=True)
class _Found:
    """Where a body stands: the names in the file by torchvision's, and what stands before them.

    `whole` is torchvision's network without memory, with as many channels.
    """

    name: str
    names: Mapping[str, str]
    prefix: str
    whole: nn.Module


@dataclass(frozen=True)
class _Tail:
    """What stands `between` the body and the last layers, where these are, and sentences about both.

    `place` is what reaches them; with `fixed_size` they take maps of one size.
    """

    between: Callable[[], list[tuple[str, nn.Module]]]
    place: Place
    tensors: Tensors
    outputs: int
    foreign: tuple[str, ...]
    assumed: tuple[str, ...]
    fixed_size: bool = False


def cut_blueprints(tensors: Tensors) -> list[Blueprint]:
    """The torchvision networks whose body these weights hold under other names than its own.

    By the names inside of its parts, where these are numbered or one; else by the order of all its tensors, too.
    """
    for spelling in spellings(tensors):
        for look in (_by_names, _by_order):
            blueprints: dict[tuple[str, str], Blueprint] = {}
            for body in look(spelling):
                if (body.name, body.prefix) not in blueprints and (fitting := _blueprint(body, spelling)) is not None:
                    blueprints[body.name, body.prefix] = fitting
            if blueprints:
                return list(blueprints.values())
    return []


def _by_names(tensors: Tensors) -> Iterator[_Found]:
    for family in _FAMILIES:
        rows = {name: row for name, row in tv.table().items() if _is_of(name, row["first"], family)}
        for inside in sorted({row["first"].partition(".")[2] for row in rows.values()}):
            anchor = ".".join(part for part in ("0" if len(family) > 1 else "", inside, "weight") if part)
            for prefix in prefixes_of(anchor, tensors)[:_MOST_PLACES]:
                if tensors[prefix + anchor].dim() == 4:
                    names = dict(_renamed(under(tensors, prefix), prefix, family))
                    renamed = {new: tensors[old] for new, old in names.items()}
                    for name in (name for name, inner_prefix in places(rows, renamed) if not inner_prefix):
                        yield _Found(name, names, prefix, _whole(name, names, tensors))


def _is_of(name: str, first: str, family: tuple[str, ...]) -> bool:
    return first.partition(".")[0] == family[0] and name.startswith("swin") == (family[-1] == "norm")


def _whole(name: str, names: Mapping[str, str], tensors: Tensors) -> nn.Module:
    """torchvision's network around a first convolution like the file's."""
    first = tv.table()[name]["first"]
    with on_meta():
        return tv.build(name, 1000, tensors[names[f"{first}.weight"]].shape[1], f"{first}.bias" in names)


def _renamed(inside: Tensors, prefix: str, family: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """torchvision's name of each weight under the prefix, and that in the file: of one part, or of numbered ones."""
    for name in inside:
        number, _, rest = name.partition(".")
        if len(family) == 1:
            yield f"{family[0]}.{name}", prefix + name
        elif number.isdecimal() and int(number) < len(family):
            yield f"{family[int(number)]}.{rest}", prefix + name


def _by_order(tensors: Tensors) -> Iterator[_Found]:
    rows = {row["order"]: name for name, row in tv.table().items() if not name.startswith(_WHOLE)}
    ordered = [name for name in tensors if not name.endswith(COUNTER)]
    for order, start, end in orders(tensors, ordered):
        if order in rows:
            name, given = rows[order], ordered[start:end]
            first = tv.table()[name]["first"]
            beginning = {
                f"{first}.{weight_name.rpartition('.')[2]}": weight_name
                for weight_name in given[: 1 + given[1].endswith(".bias")]
            }
            if f"{first}.weight" not in beginning:  # a tensor of its shape, which is something else
                continue
            whole = _whole(name, beginning, tensors)
            own = [key for key in _parts(whole, name).state_dict() if not key.endswith(COUNTER)]
            # Inside of each part the names are torchvision's: other libraries have bodies of the same shapes that
            # compute something else, such as EfficientNets that pad as TensorFlow does.
            if len(own) == len(given) and all(map(_is_inside, own, given)):
                yield _Found(name, dict(zip(own, given, strict=True)), shared(given), whole)


def _is_inside(ours: str, theirs: str) -> bool:
    return f".{theirs}".endswith(f".{ours.partition('.')[2]}")


def _parts(whole: nn.Module, name: str) -> nn.Sequential:
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


def _blueprint(body: _Found, tensors: Tensors) -> Blueprint | None:
    """How the network is built; None where the weights are not those of its body and others beside it."""
    name, first = body.name, tv.table()[body.name]["first"]
    channels, bias = tensors[body.names[f"{first}.weight"]].shape[1], f"{first}.bias" in body.names
    if channels not in (1, 3):
        return None
    expected = _parts(body.whole, name).state_dict()
    own = {key: tensors[body.names[key]] for key in expected if key in body.names}
    used = {body.names[key] for key in own}
    rest = {key: tensor for key, tensor in tensors.items() if key not in used and not key.endswith(COUNTER)}
    if differences(expected, own) or any(
        _goes_on(key.removeprefix(body.prefix), tensor) for key, tensor in rest.items()
    ):
        return None
    spec, note = tv.proposed_input(name, channels)
    tail = _tail(body, rest, spec.size)

    def build() -> nn.Module:
        module = _parts(tv.build(name, 1000, channels, bias), name)
        for key, part in tail.between():
            module.add_module(key, part)
        head = built(tail.tensors, tail.place) if tail.tensors else None
        module.add_module("head", head.module if head else NoScores())
        return module

    return Blueprint(
        name=name,
        tensors={**own, **{f"head.{key}": tensor for key, tensor in tail.tensors.items()}},
        build=build,
        classes=tail.outputs,
        input=spec,
        input_note=note,
        assumed=tail.assumed,
        prefix=body.prefix,
        foreign=tail.foreign,
        fixed_size=tail.fixed_size,
    )


def _goes_on(name: str, tensor: torch.Tensor) -> bool:
    """Whether a weight that is none of the body's is a further convolution of the same sequence: of another body."""
    return name.partition(".")[0].isdecimal() and tensor.dim() == 4 and tensor.shape[2:].numel() > 1


def _tail(body: _Found, rest: Tensors, size: tuple[int, int]) -> _Tail:
    name, notes = body.name, [_TAKEN_APART.format(body.name)]
    place = Place.of(body.whole.get_submodule(tv.table()[name]["last"].partition(".")[0]))
    assert place is not None  # torchvision's own
    pool = getattr(body.whole, "avgpool", None)
    sides = pool.output_size if isinstance(pool, nn.AdaptiveAvgPool2d) else 1
    side = int((sides[0] if isinstance(sides, tuple) else sides) or 1)
    maps = place.features // side**2 if not place.is_map else place.features
    before: list[type[nn.Module]] = []
    if name.startswith("densenet"):
        if body.prefix.rstrip(".").rpartition(".")[2].isdecimal():
            notes.append("Its last ReLU is no part of it and was left out, as a sequence of the parts leaves it out.")
        else:
            before = [nn.ReLU]
            notes.append("Its last ReLU is no part of it and was taken to be there, as in torchvision's own.")
    if name in ("googlenet", "inception_v3"):
        notes.append("It was taken not to rescale its input (transform_input), as its parts alone do not.")
    for reached, kinds, why in _ways(body, maps, side, size, rest):
        heads = _heads(rest, reached)
        if len(heads) > 1:
            break
        for path, (tensors, head) in heads.items():
            foreign = tuple(key for key in rest if path and not key.startswith(f"{path}."))
            return _Tail(
                partial(_made, [*before, *kinds]),
                reached,
                tensors,
                head.outputs,
                foreign,
                (*notes, head_sentence(path, head), *why),
                kinds == [nn.Flatten],
            )
    else:
        heads = {}
    text = without_scores("head", rest, tuple(heads))
    return _Tail(partial(_made, list(before)), place, {}, 0, tuple(rest), (*notes, text))


def _ways(
    body: _Found, maps: int, side: int, size: tuple[int, int], rest: Tensors
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
        sides = _parts(body.whole, body.name).eval()(picture).shape[2:]
        text = f"They take all {sides[0]} x {sides[1]} places of the maps, so that pictures are {size[0]} x {size[1]}."
        yield Place(maps * sides.numel(), False), [nn.Flatten], (text,)


def _heads(rest: Tensors, place: Place) -> dict[str, tuple[Tensors, Head]]:
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
    heads = elsewhere(rest, place)
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
