"""How the answer of a network becomes class scores."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion, as_wide
from trainer.networks.last_operations import ends_in_layers

MEANINGS = ("logits", "probabilities", "independent-logits", "independent-probabilities")
"""What outputs are: compared by softmax (one alone: a logistic unit), or each for itself; already in [0, 1] or not."""
OPTION = "--outputs"
_SILENT = ("logits", "out")
_USUAL = ("scores", "predictions", "prediction", "preds", "pred", "output", "outputs", "class_logits", "y_hat", "probs")
_CLOSE = 1e-3
_TINY = 1e-37


@dataclass(frozen=True)
class OutputSpec:
    """Which of a network's answers are the scores, and what they mean.

    `take` is a key or position of what the module returns, "" for its only answer, "logits" or "out", or the first.
    `meaning` is one of `MEANINGS`, "" where that is to be found out. With `pair`, one output stands for the
    second of two classes.
    """

    take: str = ""
    meaning: str = "logits"
    pair: bool = False

    @property
    def independent(self) -> bool:
        """Whether each class is decided by itself."""
        return self.meaning.startswith("independent")

    @property
    def text(self) -> str:
        """As it is written on the command line."""
        return ":".join(part for part in (self.take, self.meaning) if part)

    @classmethod
    def parse(cls, text: str) -> "OutputSpec":
        """Read `probabilities`, `1` (the second answer), `features:logits` ...; UserError for an empty text."""
        take, colon, meaning = text.strip().rpartition(":")
        if meaning not in MEANINGS:
            take, meaning = (text.strip(), "")
        if not take.strip(" :") and (colon or not meaning):
            raise UserError(
                f'{OPTION} "{text[:60]}" says nothing; write {", ".join(MEANINGS)}, the name or position of one of the '
                "network's answers, or both as 1:probabilities."
            )
        return cls(take, meaning)

    def logits(self, table: torch.Tensor, width: int) -> torch.Tensor:
        """Logits (N, K) of the outputs (N, width) float32; a `Prediction` makes probabilities of them.

        What it does depends on no value, so that a graph of it can be drawn.
        """
        if self.meaning.endswith("probabilities"):
            alone = self.independent or width == 1
            table = torch.logit(table, 1e-7) if alone else table.clamp(min=_TINY).log()
        return torch.cat([torch.zeros_like(table), table], 1) if self.pair else table


def unwrapped(out: object, pictures: int) -> torch.Tensor:
    """The outputs (N, K) float32 in what a module answered for N pictures.

    Taken are "logits" or "out" of a dictionary or a named tuple, else the first tensor. UserError where the module
    is no classifier.
    """
    if not isinstance(out, torch.Tensor):
        answers = parts_of(out)
        named = [answers[key] for key in _SILENT if key in answers]
        out = next((value for value in [*named, *answers.values()] if isinstance(value, torch.Tensor)), None)
    if not isinstance(out, torch.Tensor):
        raise UserError("The network's answer holds no tensor; it must be one score for each class.")
    table = _table(out, pictures)
    if table is None:
        raise UserError(
            f"The network answers with a tensor of {tuple(out.shape)}, not with one score for each class, as one that "
            "segments or detects does; end it in class scores where it is made, such as in the averages of its maps."
        )
    return table


def parts_of(out: object) -> dict[str, object]:
    """The parts of an answer by their keys or positions."""
    if isinstance(out, Mapping):
        return {str(key): value for key, value in out.items()}
    fields = getattr(out, "_fields", None)
    if isinstance(out, tuple | list):
        return {str(key): value for key, value in zip(fields or range(len(out)), out, strict=True)}
    return {key: getattr(out, key) for key in _SILENT if hasattr(out, key)}


def decided(
    out: object, given: OutputSpec | None, widths: Sequence[int], probe: Callable[[], list[object]] | None
) -> tuple[OutputSpec, torch.Tensor, tuple[str, ...]]:
    """How to read what a module answered for one picture: the spec, the outputs (1, K), and sentences about it.

    `given` by the person wins; `widths` are the numbers of class names that are known. `probe` gives the answers to
    other pictures, which tell probabilities from logits, with their gradients where there are any; None where the
    outputs are known to be logits.
    OpeningQuestion where several parts could be the scores.
    """
    take, assumed = _taken(out, given.take if given else "", widths)

    def read(answer: object) -> torch.Tensor:
        return unwrapped(parts_of(answer)[take] if take else answer, 1)

    table = read(out)
    meaning = given.meaning if given and given.meaning else "logits"
    percent = _percent(table)
    if not (given and given.meaning) and probe is not None and (percent or _within(table)):
        others = [read(answer) for answer in probe()]
        if not any(map(ends_in_layers, others)):
            meaning = _meaning([scores.detach() / (100 if percent else 1) for scores in (table, *others)])
            if percent and meaning != "probabilities":
                meaning = "logits"
        if meaning != "logits":
            kind = "each class for itself" if meaning.startswith("independent") else "by a softmax or sigmoid inside"
            found = "percentages" if percent else "probabilities already"
            assumed = (
                *assumed,
                f"The network's outputs are {found} ({kind}: they {'sum to 100' if percent else 'lie in [0, 1]'} on "
                "every picture tried); "
                f"they are shown as they are ({OPTION} logits for the other reading).",
            )
    return OutputSpec(take, meaning), table, assumed


def as_stated(
    spec: OutputSpec, given: OutputSpec | None, independent: Sequence[str], file: str, width: int
) -> tuple[OutputSpec, tuple[str, ...]]:
    """Logits (N, `width`) as the file says what they are, and a sentence about it; `given` by the person wins.

    `independent` are the keys in it that say that each class is decided by itself.
    """
    if not independent or width < 2 or spec.meaning != "logits" or (given and given.meaning):
        return spec, ()
    text = (
        f"Each class is decided by itself (a sigmoid each), as {' and '.join(independent[:3])} in {file} "
        f"{'says' if len(independent) == 1 else 'say'}; "
        f"{OPTION} logits compares the classes by softmax."
    )
    return replace(spec, meaning="independent-logits"), (text,)


def answering(module: nn.Module, spec: OutputSpec, width: int) -> nn.Module:
    """The module, answering with logits (N, K) from now on; `width` is the number of its outputs.

    Its class becomes one of its own, so that its parts keep their names, a graph of it shows what is done with its
    outputs, and another reading is another network.
    """
    if spec == OutputSpec():
        return module
    kind = type(module)
    own: Callable[..., Any] | None = vars(module).pop("forward", None)  # of this one module, where somebody gave it one

    usual: Callable[..., Any] = kind.forward

    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        out = own(x) if own else usual(self, x)
        if spec.take:
            out = _part(out, spec.take)
        return spec.logits(out.reshape(-1, width).float(), width)

    name = f"{kind.__qualname__}[{spec.text}{', pair' if spec.pair else ''}]"
    module.__class__ = type(
        kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__, "__qualname__": name}
    )
    return module


def _part(out: Any, key: str) -> Any:
    if isinstance(out, Mapping):
        return next(value for name, value in out.items() if str(name) == key)
    return out[int(key)] if key.isdecimal() else getattr(out, key)


def _taken(out: object, given: str, widths: Sequence[int]) -> tuple[str, tuple[str, ...]]:
    """The key of the part that holds the scores, "" for the ordinary one, and a sentence where it was chosen."""
    if isinstance(out, torch.Tensor):
        if given:
            raise UserError(f"{OPTION} {given[:40]}: the network answers with one tensor; leave the name out.")
        return "", ()
    parts = {key: value for key, value in parts_of(out).items() if isinstance(value, torch.Tensor)}
    if given:
        if given not in parts:
            raise UserError(f"{OPTION} {given[:40]}: the network's answer holds {', '.join(list(parts)[:8])}.")
        return given, ()
    tables = {key: table for key, value in parts.items() if (table := _table(value, 1)) is not None}
    ordinary = next((key for key in (*_SILENT, *parts) if key in parts), "")
    if ordinary in _SILENT or list(tables) == [ordinary] or not tables:
        return "", ()
    fitting = (
        as_wide({key: table.shape[1] for key, table in tables.items()}, widths),
        [key for key in tables if key in _USUAL],
        [key for key in tables if parts[key].dim() == 2],
        list(tables),
    )
    why = ("as wide as there are class names", "named so", "the only row of numbers", "the only row of numbers")
    for keys, reason in zip(fitting, why, strict=True):
        if len(keys) == 1:
            sentence = (
                f'The network answers with several tensors ({", ".join(parts)}): "{keys[0]}" was taken for the class '
                f"scores, {reason} ({OPTION} NAME for another)."
            )
            return keys[0], (sentence,)
    shown = ", ".join(f"{key} ({table.shape[1]} wide)" for key, table in tables.items())
    raise OpeningQuestion(
        f"The network answers with several tensors that could be its class scores: {shown}; say which ({OPTION} NAME).",
        "outputs",
        tuple(tables),
    )


def _table(out: torch.Tensor, pictures: int) -> torch.Tensor | None:
    """The tensor as (N, K) float32; None where it is none."""
    if out.dim() < 2 and (out.numel() == pictures or (pictures == 1 and out.numel())):
        out = out.reshape(pictures, -1)
    if out.dim() > 2 and out.shape[2:].numel() == 1:
        out = out.flatten(1)
    return out.float() if out.dim() == 2 and len(out) == pictures and out.shape[1] else None


def _within(table: torch.Tensor) -> bool:
    return bool(((table >= 0) & (table <= 1)).all())


def _percent(table: torch.Tensor) -> bool:
    """Whether outputs (1, K) may be a softmax times 100, whose logarithm gives the same probabilities."""
    return table.shape[1] > 1 and bool((table >= 0).all()) and abs(float(table.sum()) - 100) < 100 * _CLOSE


def _meaning(tables: Sequence[torch.Tensor]) -> str:
    """What outputs (1, K) of several pictures are, some of them extreme: logits would leave [0, 1] there."""
    tables = [table for table in tables if bool(table.isfinite().all())]
    same = all(torch.equal(table, tables[0]) for table in tables)
    if len(tables) < 2 or not all(map(_within, tables)) or (same and float(tables[0].max()) in (0.0, 1.0)):
        return "logits"
    if tables[0].shape[1] == 1 or all(abs(float(table.sum()) - 1) < _CLOSE for table in tables):
        return "probabilities"
    return "independent-probabilities"
