"""One artifact held against one class: does it go with the class, and does the score follow it within class?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.association import class_auc
from explorer.core.alarm.class_score import class_scores
from explorer.core.alarm.within_class import as_measure, chance, within_class
from trainer.measures.bootstrap import Measure
from trainer.measures.odds import odds_ratio

LEAST_AUC, LEAST_ODDS = 0.1, 3.0
"""Distance of the AUC from 1/2, or odds ratio (or 1 over it), from which an artifact goes with a class."""
LEAST_RHO, LEAST_PART = 0.2, 0.3
"""Spearman's rho within class from which a score follows an artifact; of one that is rarely there, rho over the
highest that so rare an artifact can have."""


@dataclass(frozen=True)
class Answer:
    """What was found of `artifact` and the class `class_index`, on `pictures` pictures in which the artifact is known.

    `association` is the AUC of the artifact for the class, `odds` the odds ratio of its being there, None where all
    pictures have it or none has. `dependence` is Spearman's rho of score and artifact within class; NaN where no class
    has both. `p` is the larger of the two p.
    """

    artifact: Artifact
    class_index: int
    pictures: int
    association: Measure
    odds: Measure | None
    dependence: Measure
    p: float

    @property
    def sign(self) -> int:
        """1 where the class has more of it, -1 where it has less."""
        return 1 if self.association.value >= 0.5 else -1

    @property
    def order(self) -> tuple[bool, float]:
        """The worst first: how far it tells the class, times how far the score follows it; unknown rho come last."""
        told = 2 * abs(self.association.value - 0.5)
        follows = abs(self.dependence.value)
        return (True, -told) if np.isnan(follows) else (False, -told * follows)

    @property
    def stands_out(self) -> bool:
        """Whether both effects are large enough to speak of, and all of them in the same direction.

        An AUC counts how much there is of it and an odds ratio whether there is any: where they contradict each other,
        the class has neither more nor less of it.
        """
        odds = self.odds.value**self.sign if self.odds is not None else None
        if odds is not None and odds <= 1:
            return False
        if abs(self.association.value - 0.5) < LEAST_AUC and (odds is None or odds < LEAST_ODDS):
            return False
        rho = self.dependence.value
        if not np.isfinite(rho):
            return True
        highest = 1.0
        if self.artifact.there is not None:
            share = float(self.artifact.there[self.artifact.known].mean())
            highest = float(np.sqrt(max(3 * share * (1 - share), 1e-6)))
        return rho * self.sign >= min(LEAST_RHO, LEAST_PART * highest)


def ask(
    artifact: Artifact, class_index: int, labels: npt.NDArray[np.int64], logits: npt.NDArray[np.floating]
) -> Answer:
    """Ask it of N pictures with classes `labels` (N) and `logits` (N, K)."""
    known, positive = artifact.known, labels == class_index
    association, p = class_auc(artifact.values[known], positive[known])
    rho, error, counted = within_class(artifact.values, class_scores(logits, class_index)[None], labels)
    dependence = as_measure(float(rho[0]), float(error[0]), int(counted[0]))
    there = artifact.there[known] if artifact.there is not None else np.zeros(0, bool)
    odds = odds_ratio(there, positive[known]) if there.any() and not there.all() else None
    larger_p = max(p, float(chance(rho, error)[0])) if np.isfinite(rho[0]) else p
    return Answer(artifact, class_index, int(known.sum()), association, odds, dependence, larger_p)
