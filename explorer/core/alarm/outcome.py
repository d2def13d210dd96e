"""What the alarm heard: what is worth a look, and the figures of all that was asked."""

from dataclasses import dataclass
from typing import Any

from explorer.core.alarm.finding import Finding
from explorer.core.evaluation.left_out import LeftOut
from trainer.measures.bootstrap import Measure
from trainer.measures.spoken import spoken


@dataclass(frozen=True)
class Asked:
    """One artifact held against one class, on the `pictures` in which it is known.

    `association` is the AUC of more of it for the class, `odds` the odds ratio of its being there, `dependence`
    Spearman's rho of score and artifact within class, `q` the larger p of AUC and rho, corrected. What was `raised` is
    a finding, or stands alongside one.
    """

    artifact: str
    of_class: str
    pictures: int
    association: Measure
    odds: Measure | None
    dependence: Measure
    q: float
    raised: bool

    @property
    def line(self) -> str:
        """Its figures in one line."""
        odds = f"odds ratio {spoken(self.odds, 2)}, " if self.odds is not None else ""
        p = "below 0.001" if self.q < 0.001 else f"{self.q:.3f}"
        return (
            f"{self.artifact} · {self.of_class}: {odds}AUC {spoken(self.association, 2)}, rho within class "
            f"{spoken(self.dependence, 2)}, p {p} ({self.pictures:,} pictures)"
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {name: value.as_dict() if isinstance(value, Measure) else value for name, value in vars(self).items()}


@dataclass(frozen=True)
class Alarm:
    """What is worth a look, the worst first, and all that was `asked`: of `pictures` pictures, `artifacts` by name."""

    findings: tuple[Finding, ...]
    pictures: int
    artifacts: tuple[str, ...]
    left_out: LeftOut
    one_a_lesion: int = 0
    asked: tuple[Asked, ...] = ()

    @property
    def sentence(self) -> str:
        """What was asked and what was left out, in a few calm words."""
        count = len(self.findings)
        headline = f"{count} thing{'s' * (count != 1)} worth a look" if count else "Nothing stands out"
        what = f"{len(self.artifacts)} artifacts and values of {self.pictures:,} pictures"
        lesions = f" {self.one_a_lesion:,} more pictures of the same lesions do not count." if self.one_a_lesion else ""
        return f"{headline} among {what}. {self.left_out.sentence}{lesions}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known to read the findings and the figures."""
        count = len(self.asked)
        questions = f"the {count:,} questions asked here" if count != 1 else "one question, which needs no correction"
        notes = [f"p is corrected for {questions}: each artifact and value, for each class."]
        if any(finding.thirds for finding in self.findings):
            notes.append(
                'Of a value of the whole picture, "with it" is the third of the pictures that have most of it, '
                '"without it" the third that have least.'
            )
        return tuple(notes)
