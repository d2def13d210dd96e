"""Which of an ONNX file's outputs holds the class scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion, as_wide
from trainer.networks.onnx_import.model import Model, Port
from trainer.networks.output_spec import OPTION

SCORES = ("logits", "out", "output", "scores", "probabilities", "probs")


@dataclass(frozen=True)
class Answer:
    """An output that may hold the class scores: its name, and how many numbers for each picture; 0 where not known.

    `is_table`: whether the file says that it is a row of numbers, not a map.
    """

    name: str
    width: int
    is_table: bool

    @property
    def text(self) -> str:
        """For a question."""
        return f"{self.name[:60]} ({f'{self.width} wide' if self.is_table and self.width else 'no row of numbers'})"


def answers_of(model: Model) -> tuple[Answer, ...]:
    """The outputs that hold numbers; UserError where there are none."""
    answers = tuple(
        Answer(port.name, _width(port), bool(port.sides) and len(_beyond_ones(port)) <= 2)
        for port in model.outputs
        if port.kind in ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16")
    )
    if not answers:
        raise UserError(f"{model.file} answers with no scores; export the network with one score for each class.")
    return answers


def _beyond_ones(port: Port) -> tuple[int | None, ...]:
    """The sides without those of one after the second: (N, 7, 1, 1) is a row, too."""
    sides = port.sides or ()
    return (*sides[:2], *(side for side in sides[2:] if side != 1))


def _width(port: Port) -> int:
    sides = _beyond_ones(port)
    return sides[1] or 0 if len(sides) == 2 else 0


def chosen_answer(model: Model, answers: Sequence[Answer], wanted: str, widths: Sequence[int]) -> tuple[str, str]:
    """The name of the output that holds the class scores, and a sentence where it was chosen among several.

    `wanted` is the person's choice; else the one as wide as there are class names (`widths`), the one that is named
    like scores, or the only row of numbers. OpeningQuestion where these leave several; UserError for a name that is
    not there.
    """
    names = [answer.name for answer in answers]
    if wanted:
        if wanted not in names:
            raise UserError(f"{OPTION} {wanted[:60]}: {model.file} has the outputs {', '.join(names)[:300]}.")
        return wanted, ""
    if len(answers) == 1:
        return names[0], ""
    ways = (
        (
            as_wide({answer.name: answer.width for answer in answers}, widths),
            "as wide as there are class names",
        ),
        ([name for name in names if name.lower() in SCORES], "named so"),
        ([answer.name for answer in answers if answer.is_table], "the only row of numbers"),
    )
    for matching, why in ways:
        if len(matching) == 1:
            others = ", ".join(name[:40] for name in names if name != matching[0])
            return matching[0], (
                f"The file has {len(names)} outputs: {matching[0][:40]} was taken for the class scores, {why} "
                f"(others: {others[:200]}; {OPTION} NAME)."
            )
    shown = ", ".join(answer.text for answer in answers[:8])
    raise OpeningQuestion(
        f"{model.file} has {len(names)} outputs that could be its class scores: {shown}; say which ({OPTION} NAME).",
        "outputs",
        tuple(names),
    )
