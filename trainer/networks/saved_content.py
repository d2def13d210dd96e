"""Find the weights in what a training script saved, wherever it put them, and what lies beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.pickle_names import Listed, Settings
from trainer.networks.torch_file import AS_TENSORS, SAVE_AGAIN

_DEEPEST = 3
_OF_TRAINING = ("optim", "scheduler", "scaler")
"""In the keys of what only goes on with a training: its moments have the weights' names and shapes."""


@dataclass(frozen=True)
class Content:
    """Tensors by name, all else that the file holds, and sentences about what was left out.

    `inside` is the beginning of the names that the person chose, None where they chose a key of the file or nothing.
    """

    tensors: dict[str, torch.Tensor]
    extras: Mapping[str, object]
    notes: tuple[str, ...] = ()
    inside: str | None = None


def chosen(saved: object, file: str, key: str | None, option: str) -> Content:
    """The weights in `saved`, those under `key` where it is the file's; OpeningQuestion where there are several."""
    if isinstance(saved, list | tuple) and any(isinstance(part, Mapping) for part in saved):
        saved = {str(number): part for number, part in enumerate(saved)}  # as fastai and scripts save several things
    if not isinstance(saved, Mapping):
        raise UserError(f"{file} holds one {type(saved).__name__}, not weights by name; {SAVE_AGAIN}")
    sets = dict(_sets(saved))
    if not sets:
        if any(isinstance(value, Listed) for _, value in walk(saved)):
            raise UserError(f"{file} holds no tensors; {AS_TENSORS}")
        inside = ", ".join(str(name)[:40] for name in list(saved)[:6]) or "nothing"
        raise UserError(f"{file} holds no weights by name (inside: {inside}); {SAVE_AGAIN}")
    networks = _networks(sets)
    others = tuple(name for name in sets if name not in networks and name)
    if key in networks:
        return _content(networks[key], saved, key, file, others, None)
    different = _different(networks)
    if len(different) > 1:
        raise OpeningQuestion(
            f"{file} holds several sets of weights ({', '.join(map(_shown, different))}), as of an average (EMA) "
            f"beside the raw ones or of a teacher beside its student; say which to open ({option} NAME)."
            + (f' There is none under "{key[:60]}".' if key is not None else ""),
            "key",
            tuple(different),
        )
    ((name, tensors),) = different.items()
    if key is not None and key != "." and not any(str(tensor_name).startswith(f"{key}.") for tensor_name in tensors):
        words = sorted({str(tensor_name).partition(".")[0] for tensor_name in tensors})
        raise OpeningQuestion(
            f'{file} holds no weights under "{key[:60]}"; the names in it begin with {", ".join(words[:8])} '
            f"({option} NAME, or leave it out).",
            "key",
            tuple(words[:8]),
        )
    return _content(tensors, saved, name, file, others, None if key is None else key.strip("."))


def _content(
    inner: Mapping[str, object],
    saved: Mapping[str, object],
    key: str,
    file: str,
    others: tuple[str, ...],
    inside: str | None,
) -> Content:
    if any(not isinstance(name, str) or not name for name in inner):
        raise UserError(f"{file} holds tensors whose names are not text; {SAVE_AGAIN}")
    tensors = {name: value for name, value in inner.items() if isinstance(value, torch.Tensor)}
    beside = {name: value for name, value in inner.items() if not isinstance(value, torch.Tensor)}
    outside = {} if inner is saved else {str(name): value for name, value in saved.items() if name != key}
    notes = []
    if others:
        notes.append(f"Tensors under {', '.join(name[:60] for name in others[:4])} are no network's and were not read.")
    if any(name.endswith("shadow_params") for name, _ in walk(saved)):
        notes.append(
            "The file also holds averaged weights without names (shadow_params), which cannot be told apart; the named "
            "ones were opened."
        )
    return Content(tensors, {**beside, **outside}, tuple(notes), inside)


def _sets(saved: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every mapping that holds tensors by name, under the dotted key at which it stands; "" is the file itself."""
    yield from ((key, value) for key, value in walk(saved) if isinstance(value, Mapping) and _has_tensors(value))


def walk(saved: object) -> Iterator[tuple[str, object]]:
    """Everything under text keys, with its dotted key, as far down as scripts put things; each mapping once."""
    level: list[tuple[str, object]] = [("", saved)]
    seen: set[int] = set()
    for _ in range(_DEEPEST + 1):
        below = []
        for key, value in level:
            yield key, value
            value = value.values if isinstance(value, Settings) else value
            if not isinstance(value, Mapping) or id(value) in seen:
                continue
            seen.add(id(value))  # a file may hold one mapping a million times
            for name, inner in value.items():
                if isinstance(name, str) and not any(word in name.lower() for word in _OF_TRAINING):
                    below.append((f"{key}.{name}" if key else name, inner))
        level = below


def _has_tensors(value: Mapping[str, object]) -> bool:
    return any(isinstance(inner, torch.Tensor) for inner in value.values())


def _networks(sets: dict[str, Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """Those that hold a convolution, which no loss and no metric has; all where none does."""
    for dimensions in (4, 2):
        networks = {
            key: tensors
            for key, tensors in sets.items()
            if any(_dim(value) == dimensions for value in tensors.values())
        }
        if networks:
            return networks
    return sets


def _dim(value: object) -> int:
    return value.dim() if isinstance(value, torch.Tensor) else 0


def _different(networks: dict[str, Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """The sets without those that repeat an earlier one to the bit."""
    distinct: dict[str, Mapping[str, object]] = {}
    for key, tensors in networks.items():
        if not any(_equal(tensors, other) for other in distinct.values()):
            distinct[key] = tensors
    return distinct


def _equal(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    if len(first) != len(second) or first.keys() != second.keys():
        return False
    pairs = [(tensor, second[name]) for name, tensor in first.items() if isinstance(tensor, torch.Tensor)]
    return all(isinstance(other, torch.Tensor) and _same(tensor, other) for tensor, other in pairs)


def _same(first: torch.Tensor, second: torch.Tensor) -> bool:
    # A view may repeat one number a billion times: such tensors are refused later, and not compared.
    whole = all(
        tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes() for tensor in (first, second)
    )
    return whole and first.shape == second.shape and first.dtype == second.dtype and torch.equal(first, second)


def _shown(key: str) -> str:
    return key[:60] or "the file itself"
