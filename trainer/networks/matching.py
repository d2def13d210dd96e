"""Match the names of weights to those of a module: under any prefix, with tensors beside them that are not its own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch

Tensors = Mapping[str, torch.Tensor]
COUNTER = "num_batches_tracked"
"""Batch norms count their batches in training only; files from before 2018 lack the counter."""

_COUNTED = ("total_ops", "total_params")
"""What the counters of operations (thop) leave in every module that they counted."""

WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and activation checkpointing put into names, wherever the module that they wrap stands."""


_CHILDREN = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4", "9": "fc"}
"""The parts of a ResNet by their places among its children: the names that `nn.Sequential` gives them."""


@dataclass(frozen=True)
class Match:
    """Weights under a module's own names, and what became of the others.

    `prefix` stood before the names in the file; `head` holds the weights of the part that may be another one, under
    their names in it; `foreign` names what is no part of the module, `problems` what is missing, unexpected or of
    another shape or kind, one phrase each.
    """

    tensors: dict[str, torch.Tensor]
    prefix: str = ""
    head: Mapping[str, torch.Tensor] | None = None
    foreign: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def spellings(tensors: Tensors) -> Iterator[dict[str, torch.Tensor]]:
    """The weights under the names that they may have without wrappers, today, and uncut; the file's own first."""
    seen: list[set[str]] = []
    wrappers = (*WRAPPERS, "module.")
    for change in (str, lambda name: _without(name, WRAPPERS), lambda name: _without(name, wrappers), _modern):
        renamed = {change(name): tensor for name, tensor in tensors.items()}
        if len(renamed) == len(tensors) and "" not in renamed and set(renamed) not in seen:
            seen.append(set(renamed))
            yield renamed
    parts = {name.removesuffix("4.0.conv1.weight") for name in tensors if name.endswith("4.0.conv1.weight")}
    prefixes = sorted({_without(part, wrappers) for part in parts if f"{part}0.weight" in tensors})
    if prefixes:
        renamed = {_uncut(_without(name, wrappers), prefixes): tensor for name, tensor in tensors.items()}
        if len(renamed) == len(tensors):
            yield renamed


def matches(expected: Tensors, given: Tensors, head: str = "") -> list[Match]:
    """Every way in which `given` may hold the weights of a module with the state `expected`, the best first.

    Without problems where the weights fit: two such matches are two networks in one mapping. `head` names the part of
    the module that may be another one: nothing that begins with it is compared.
    """
    candidates: list[Match] = []
    own = shared(expected)
    for spelling in spellings(given):
        candidates += [compared(expected, spelling, prefix, head) for prefix in _prefixes(expected, spelling, head)]
        if own and any(match.problems for match in candidates):  # a module that wraps the one whose weights were saved
            bare, part = under(expected, own), head.removeprefix(own)
            inner = [compared(bare, spelling, prefix, part) for prefix in _prefixes(bare, spelling, part)]
            candidates += [
                replace(match, tensors={own + name: tensor for name, tensor in match.tensors.items()})
                for match in inner
                if not match.problems
            ]
        if any(not match.problems for match in candidates):
            break
    return sorted(candidates, key=lambda match: (len(match.problems), len(match.foreign), len(match.prefix)))


def compared(expected: Tensors, given: Tensors, prefix: str, head: str) -> Match:
    """The match under one prefix; of the part `head`, nothing is compared."""
    children = {name.partition(".")[0] for name in expected}
    own: dict[str, torch.Tensor] = {}
    replaced: dict[str, torch.Tensor] = {}
    foreign = []
    for full, tensor in given.items():
        name = full.removeprefix(prefix)
        counted = name.rpartition(".")[2] in _COUNTED and name not in expected
        if counted or not full.startswith(prefix) or name.partition(".")[0] not in children:
            foreign.append(full)
        elif in_part(name, head):
            replaced[name.removeprefix(head).removeprefix(".")] = tensor
        else:
            own[name] = tensor
    required = {name: tensor for name, tensor in expected.items() if not in_part(name, head)}
    problems = differences(required, own)
    return Match(own, prefix, replaced if head else None, tuple(foreign), tuple(problems))


def under(tensors: Tensors, prefix: str) -> dict[str, torch.Tensor]:
    """The weights whose names begin with the prefix, without it."""
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def differences(expected: Tensors, given: Tensors) -> list[str]:
    """What `given` lacks, has besides, or has in another shape or kind than `expected`."""
    missing = [name for name in expected if name not in given and not name.endswith(COUNTER)]
    problems = [f"{name} is missing" for name in missing]
    problems += [f"{name} is unexpected" for name in given if name not in expected and not name.endswith(COUNTER)]
    for name, tensor in expected.items():
        if name in given and given[name].shape != tensor.shape:
            problems.append(f"{name} is {tuple(given[name].shape)}, not {tuple(tensor.shape)}")
        elif name in given and given[name].is_floating_point() != tensor.is_floating_point():
            problems.append(f"{name} holds {given[name].dtype}, not {tensor.dtype}")
    return problems


def prefixes_of(name: str, given: Iterable[str]) -> list[str]:
    """What may stand before all names of a network if it stands before `name`, shortest first."""
    ending = f".{name}"
    prefixes = dict.fromkeys(key[: -len(name)] for key in given if key == name or key.endswith(ending))
    return sorted(prefixes, key=len)


def _prefixes(expected: Tensors, given: Tensors, head: str) -> list[str]:
    """The prefixes under which the most of the expected names are given; "" where none is."""
    names = [name for name in expected if not in_part(name, head) and not name.endswith(COUNTER)]
    counts: dict[str, int] = {}
    # The longest name is the rarest; the others are there for files that lack it.
    for anchor in dict.fromkeys([max(names, key=len, default=""), *names[:1], *names[-1:]]):
        for prefix in prefixes_of(anchor, given) if anchor else ():
            if prefix not in counts:
                counts[prefix] = sum(prefix + name in given for name in names)
        if counts and max(counts.values()) == len(names):
            break
    most = max(counts.values(), default=0)
    return [prefix for prefix, count in counts.items() if count == most] or [""]


def in_part(name: str, part: str) -> bool:
    """Whether a weight belongs to the part of a module with this dotted name; "" is no part."""
    return bool(part) and name.startswith(f"{part}.")


def _without(name: str, wrappers: tuple[str, ...]) -> str:
    kept, rest = "", name
    while rest:
        wrapper = next((part for part in wrappers if rest.startswith(part)), "")
        if wrapper:
            rest = rest[len(wrapper) :]
            continue
        piece, dot, rest = rest.partition(".")
        kept += piece + dot
    return kept


def _uncut(name: str, prefixes: Iterable[str]) -> str:
    """The name that a weight has in the ResNet whose children stand numbered under one of the prefixes."""
    for prefix in prefixes:
        child, dot, rest = name.removeprefix(prefix).partition(".")
        if name.startswith(prefix) and dot and child in _CHILDREN:
            return f"{prefix}{_CHILDREN[child]}.{rest}"
    return name


def _modern(name: str) -> str:
    """Today's name of a weight: torchvision's own files of DenseNets and ViTs still have older ones."""
    name = re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", _without(name, (*WRAPPERS, "module.")))
    return re.sub(r"(\.mlp)\.linear_([12])\.", lambda match: f"{match[1]}.{3 * (int(match[2]) - 1)}.", name)


def shared(names: Iterable[str]) -> str:
    """The dotted beginning that all names share; "" where there is none."""
    first, last = min(names, default=""), max(names, default="")
    shorter = min(len(first), len(last))
    size = next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), shorter)
    return first[: first.rfind(".", 0, size) + 1]
