"""What is worth a look: an artifact that follows the class here, and a score that follows the artifact."""

from dataclasses import dataclass

from explorer.core.alarm.change import InterventionEffect
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Measure

NAMED = 3
"""Filters that a sentence names."""


@dataclass(frozen=True)
class Following:
    """A filter that follows an artifact within class.

    `rho` is Spearman's, of its `answer` ("mean" or "peak") with the artifact, and `q` its corrected p. `pushed` is by
    how much more it speaks for the class on pictures with the artifact than on those without (mean relevance within
    class, in logits); NaN where the index has no relevance.
    """

    key: FilterKey
    answer: str
    rho: Measure
    q: float
    pushed: float


@dataclass(frozen=True)
class Rests:
    """The pictures behind a finding by name: those with it and those without, of the class and of the others.

    Each list begins with the clearest.
    """

    with_of_class: tuple[str, ...]
    with_of_others: tuple[str, ...]
    without_of_class: tuple[str, ...]
    without_of_others: tuple[str, ...]

    @property
    def all_with(self) -> tuple[str, ...]:
        """Those with it, of both classes."""
        return self.with_of_class + self.with_of_others


@dataclass(frozen=True)
class Finding:
    """An artifact that is more frequent in `of_class` here, and that the score for this class follows within class.

    `sign` is 1 where more of `artifact` goes with the class, -1 where less does; `phrase` says that in words.
    `association` is the AUC of the artifact for the class, `odds` the odds ratio where "is there any" has an answer.
    `dependence` is Spearman's rho of the class's score with the artifact within class; all NaN where no class has
    pictures both with and without it, so that artifact and class cannot be told apart. `q` is the larger p of the two,
    corrected. `following` of `filters` filters follow it; `top` are those, of one layer, that push the score most.
    `alongside` are other artifacts that say the same of these pictures.
    `muting` is what muting `top` does, `correction` what correcting the cast does, where they were measured.
    """

    artifact: str
    sign: int
    phrase: str
    of_class: str
    association: Measure
    odds: Measure | None
    dependence: Measure
    q: float
    following: int
    filters: int
    top: tuple[Following, ...]
    rests: Rests
    alongside: tuple[str, ...] = ()
    muting: InterventionEffect | None = None
    correction: InterventionEffect | None = None

    @property
    def about(self) -> tuple[object, ...]:
        """What the effects of muting and correcting depend on: the artifact, its pictures, and the filters."""
        return self.artifact, self.sign, self.of_class, tuple(follower.key for follower in self.top), self.rests

    @property
    def weight(self) -> float:
        """By what findings are put in order: how far it tells the class, times how far the score follows it, 0 to 1."""
        follows = abs(self.dependence.value) if self.dependence.value == self.dependence.value else 1.0
        return 2 * abs(self.association.value - 0.5) * follows

    @property
    def title(self) -> str:
        """It in a few words."""
        return f"{self.phrase} · {self.of_class}"

    @property
    def figures(self) -> tuple[str, ...]:
        """The numbers of `sentences` in short lines."""
        apart = self.dependence.value == self.dependence.value
        lines = [self._told, f"score within class: {self._follows}" if apart else "not to be told apart from the class"]
        lines.append(f"{self.following:,} of {self.filters:,} filters follow")
        for intervention, change in (("muted", self.muting), ("usual light", self.correction)):
            if change is not None:
                before, after = (self.sign * rho.value for rho in (change.dependence_before, change.dependence_after))
                lines.append(f"{intervention}: {before:.2f} to {after:.2f}, AUC {change.auc_change.value:+.3f}")
        return tuple(lines)

    @property
    def _told(self) -> str:
        """How it goes with the class. "AUC 0.33" of a redder surround is 0.67 of a less red one, which is said."""
        auc = f"AUC {_written(self.association if self.sign > 0 else _turned(self.association))}"
        if self.odds is None:
            return auc
        return f"odds ratio {_written(self.odds if self.sign > 0 else _inverse(self.odds))}, {auc}"

    @property
    def _follows(self) -> str:
        return f"Spearman {_written(self.dependence if self.sign > 0 else _negative(self.dependence))}"

    @property
    def words(self) -> str:
        """It in whole sentences, with every number that it rests on."""
        return " ".join(self.sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of `words`."""
        sentences = [
            f"Worth a look: {self.phrase}. Pictures of {self.of_class} show this more often here ({self._told})."
        ]
        if self.dependence.value == self.dependence.value:
            among = f"Among pictures of the same class the score for {self.of_class}"
            sentences.append(f"{among} follows it ({self._follows}).")
        else:
            sentences.append("No class has pictures both with and without it: the two cannot be told apart here.")
        if self.following:
            named = ", ".join(str(follower.key) for follower in self.top[:NAMED])
            pushers = f"; those that push the score most: {named}" if named else ""
            sentences.append(f"{self.following:,} of {self.filters:,} filters follow it within class{pushers}.")
        if self.alongside:
            sentences.append(f"The same pictures differ in {' and '.join(self.alongside)} too.")
        if self.muting is not None:
            count = len(self.top)
            subject = f"these {count} filters" if count > 1 else "this filter"
            sentences.append(f"Muting {subject} {self.muting.words(self.of_class, self.sign)}.")
        if self.correction is not None:
            sentences.append(
                f"Giving each picture the usual light of this folder {self.correction.words(self.of_class, self.sign)}."
            )
        return tuple(sentences)


def _turned(auc: Measure) -> Measure:
    return Measure(1 - auc.value, 1 - auc.high, 1 - auc.low, auc.n)


def _negative(rho: Measure) -> Measure:
    return Measure(-rho.value, -rho.high, -rho.low, rho.n)


def _inverse(ratio: Measure) -> Measure:
    return Measure(1 / ratio.value, 1 / ratio.high, 1 / ratio.low, ratio.n)


def _written(measure: Measure) -> str:
    value = f"{measure.value:.2f}" if abs(measure.value) < 100 else f"{measure.value:,.0f}"
    if measure.low != measure.low:
        return value
    ends = [f"{end:.2f}" if abs(end) < 100 else f"{end:,.0f}" for end in (measure.low, measure.high)]
    return f"{value} [{ends[0]}, {ends[1]}]"
