"""Fit weights to a known architecture: the body first, then the last layers from their shapes."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from trainer.networks.candidate import HeadBeside, on_meta
from trainer.networks.heads import ConcatenatedPool, Head, NoScores, Place, built
from trainer.networks.matching import Match, Tensors, compared

_COSINE = re.compile(r"arc|cos(?!t)|sphere|margin|metric|proto")


@dataclass(frozen=True)
class Fit:
    """How weights fit an architecture: under its own names, with what became of the last layers.

    `classes` is 0 where there are none that can be built; `assumed` holds sentences about what was decided. `heads` as
    in `Blueprint`.
    """

    tensors: dict[str, torch.Tensor]
    build: Callable[[], nn.Module]
    classes: int
    foreign: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    heads: Mapping[str, HeadBeside] = field(default_factory=dict)


def fit(build: Callable[[], nn.Module], last: str, given: Tensors, prefix: str) -> Fit:
    """Fit the weights under `prefix` to the module that `build` makes, whose scores come from its layer `last`.

    `last` and what stands around it may be another one in the file. Without that, and where its shapes are those of
    no last layers, the network is built without class scores: its maps need none.
    """
    with on_meta():
        skeleton = build()
    expected = skeleton.state_dict()
    whole = compared(expected, given, prefix, "")
    if not whole.problems:
        return Fit(whole.tensors, build, _outputs(expected, last), whole.foreign)
    part, match = last, compared(expected, given, prefix, last)
    while match.problems and "." in part:
        part = part.rpartition(".")[0]
        match = compared(expected, given, prefix, part)
    if match.problems or not match.tensors:
        return Fit(whole.tensors, build, 0, whole.foreign, (), whole.problems)
    return _with_head(build, skeleton, part, match, given)


def _with_head(build: Callable[[], nn.Module], skeleton: nn.Module, part: str, match: Match, given: Tensors) -> Fit:
    place = Place.of(skeleton.get_submodule(part))
    tensors, path = match.head or {}, part
    foreign = match.foreign
    head = built(tensors, place) if place and tensors else None
    doubled: tuple[str, ...] = ()
    others = {name: given[name] for name in foreign}
    outside = elsewhere(others, place, match.prefix) if place and not tensors else {}
    pool = pool_of(skeleton)
    if place and pool and not (tensors or outside or place.is_map):
        place = Place(2 * place.features, False)
        outside = elsewhere(others, place, match.prefix)
        if len(outside) == 1:
            plain, build = build, lambda: replaced(plain(), pool, _both_pools(skeleton.get_submodule(pool)))
            doubled = (
                f"They take twice as many values as the {place.features // 2} maps: the largest and the average.",
            )
    heads = beside_body(outside)
    if len(outside) == 1:
        ((path, (tensors, head)),) = outside.items()
        foreign = tuple(name for name in foreign if not name.startswith(f"{path}."))
    if head is None:
        left = tuple(f"{match.prefix}{part}.{name}" for name in tensors)
        return Fit(
            match.tensors,
            lambda: replaced(build(), part, NoScores()),
            0,
            (*foreign, *left),
            (without_scores(part, tensors, tuple(outside), others),),
            heads=heads,
        )
    final_head: Head = head
    named = {f"{part}.{name}": tensor for name, tensor in tensors.items()}
    return Fit(
        {**match.tensors, **named},
        lambda: replaced(build(), part, _anew(tensors, place)),
        final_head.outputs,
        foreign,
        (head_sentence(path, final_head), *doubled),
        heads=heads,
    )


def pool_of(skeleton: nn.Module) -> str:
    """The part, torchvision's or timm's, that averages each map before the last layers; "" if none."""
    pool = getattr(skeleton, "avgpool", None)
    if isinstance(pool, nn.AdaptiveAvgPool2d) and pool.output_size in (1, (1, 1)):
        return "avgpool"
    pool = getattr(skeleton, "global_pool", None)
    return "global_pool" if is_timms(pool) and getattr(pool, "pool_type", "") == "avg" else ""


def is_timms(pool: nn.Module | None) -> bool:
    """Whether this is timm's pool, which may flatten what it gives."""
    return type(pool).__name__ == "SelectAdaptivePool2d"


def _both_pools(pool: nn.Module) -> nn.Module:
    """The largest and the average of each map in the place of this pool; timm's may flatten what it gives."""
    flat = isinstance(getattr(pool, "flatten", None), nn.Flatten)
    return nn.Sequential(ConcatenatedPool(), nn.Flatten(1)) if flat else ConcatenatedPool()


def elsewhere(foreign: Tensors, place: Place, body: str) -> dict[str, tuple[dict[str, torch.Tensor], Head]]:
    """Last layers that stand outside of the body, as `self.classifier` beside `self.backbone`, by their names.

    `body` stands before the names of the body. What is one of several parts of a module beside it is none of them.
    """
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in foreign.items():
        path = name.split(".")
        for depth in range(1, len(path)):
            groups.setdefault(".".join(path[:depth]), {})[".".join(path[depth:])] = tensor
    whole = {path: tensors for path, tensors in groups.items() if not _is_step(path, groups)}
    heads = {path: (tensors, head) for path, tensors in whole.items() if (head := built(tensors, place))}
    # The outermost of several that hold the same layers, but not what holds the body too.
    heads = {path: entry for path, entry in heads.items() if not (body.startswith(f"{path}.") and _again(path, heads))}
    heads = {path: entry for path, entry in heads.items() if not any(path.startswith(f"{other}.") for other in heads)}
    return {path: entry for path, entry in heads.items() if not _is_part(path, groups, heads, body)}


def beside_body(heads: Mapping[str, tuple[Tensors, Head]]) -> dict[str, HeadBeside]:
    """Last layers as `elsewhere` finds them: how many outputs they have, and the whole names of their weights."""
    return {
        path: HeadBeside(head.outputs, tuple(f"{path}.{name}" for name in tensors))
        for path, (tensors, head) in heads.items()
    }


def _again(path: str, heads: Mapping[str, tuple[Tensors, Head]]) -> bool:
    """Whether another of these lies deeper and has all the weights of this."""
    return any(
        other.startswith(f"{path}.") and len(tensors) == len(heads[path][0]) for other, (tensors, _) in heads.items()
    )


def _is_part(path: str, groups: Mapping[str, Tensors], heads: Iterable[str], body: str) -> bool:
    """Whether this belongs with other layers, which are no last layers, to one module beside the body."""
    parent = path.rpartition(".")[0]
    if not parent or body.startswith(f"{parent}."):
        return False
    return any(
        tensor.dim() > 1 and not any(f"{parent}.{name}".startswith(f"{head}.") for head in heads)
        for name, tensor in groups[parent].items()
    )


def _is_step(path: str, groups: Mapping[str, Tensors]) -> bool:
    """Whether this is one of several numbered layers, which are last layers together or not at all."""
    parent, _, leaf = path.rpartition(".")
    return leaf.isdecimal() and any(not name.startswith(f"{leaf}.") for name in groups.get(parent, ()))


def _anew(tensors: Tensors, place: Place | None) -> nn.Module:
    head = built(tensors, place) if place else None
    assert head is not None
    return head.module


def replaced(module: nn.Module, part: str, by: nn.Module) -> nn.Module:
    """The module with another one in the place of this part."""
    parent, _, child = part.rpartition(".")
    setattr(module.get_submodule(parent), child, by)
    return module


def _outputs(expected: Mapping[str, torch.Tensor], last: str) -> int:
    weight = expected.get(f"{last}.weight")
    return weight.shape[0] if weight is not None and weight.dim() > 0 else 0


def head_sentence(path: str, head: Head) -> str:
    """What is said of last layers that were built from their shapes."""
    layers = [part for part in head.module.modules() if not list(part.children())]
    alone = layers[0] if len(layers) == 1 else None
    if isinstance(alone, nn.Linear) and alone.bias is None and _COSINE.search(path.lower()):
        return (
            f'The last layer ("{path}") was taken for {head.text}. Without a bias and under this name it may be a '
            "cosine layer (ArcFace and the like), whose scores are other ones; the maps are the same."
        )
    if head.guessed:
        return (
            f'The last layers ("{path}") were built from their shapes: {head.text}. The file does not say what stands '
            "between them; another activation than ReLU would change the scores, not the maps."
        )
    return f'The last layers ("{path}") were built from their shapes: {head.text}.'


def without_scores(part: str, tensors: Tensors, several: tuple[str, ...], beside: Tensors | None = None) -> str:
    """What is said where no last layers could be built from the weights of this part; `several` that could be them.

    `beside` are the weights that are none of the network's.
    """
    layers = [name for name, tensor in (beside or {}).items() if tensor.dim() in (2, 4)]
    if several:
        why = (
            f"{' and '.join(several[:3])} could each be its last layers (--outputs {several[0]} takes that one, and so "
            "do as many class names)"
        )
    elif tensors:
        why = f'the weights of "{part}" are those of no last layers that could be built from their shapes'
    elif layers:
        shown = ", ".join(name[:60] for name in layers[:4])
        why = (
            f'the file holds nothing under "{part}", and no last layers could be built from the shapes of what lies '
            f"beside its body ({shown}{' ...' if len(layers) > 4 else ''})"
        )
    else:
        why = f'the file holds no last layers ("{part}")'
    return f"The network was opened without class scores: {why}. Its maps need none."
