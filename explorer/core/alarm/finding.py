"""What is worth a look: an artifact that follows the class here, and a score that follows the artifact."""

import operator
from dataclasses import dataclass

from explorer.core.alarm.change import InterventionEffect
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Measure
from trainer.measures.spoken import change, spoken

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
    `alongside` are other artifacts that say the same of these pictures. With `thirds`, those with most of it and those
    with least stand for "with it" and "without it". `top` was `chosen_on_half` of the pictures where some follow there.
    `muting` is what muting `top` does on the other half, or `unjudged` says why it was not measured; `correction` is
    what correcting the cast does to all.
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
    thirds: bool = False
    chosen_on_half: bool = False
    unjudged: str = ""
    muting: InterventionEffect | None = None
    correction: InterventionEffect | None = None

    @property
    def about(self) -> tuple[object, ...]:
        """What the effects of muting and correcting depend on: the artifact, its pictures, and the filters."""
        return self.artifact, self.sign, self.of_class, tuple(follower.key for follower in self.top), self.rests

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
        for intervention, effect in (("muted", self.muting), ("usual light", self.correction)):
            if effect is not None:
                lines.append(
                    f"{intervention}: {' to '.join(effect.follows(self.sign))}, AUC {change(effect.auc_change)}"
                )
        return tuple(lines)

    @property
    def _told(self) -> str:
        """How it goes with the class. "AUC 0.33" of a redder surround is 0.67 of a less red one, which is said."""
        auc, odds = self.association, self.odds
        if self.sign < 0:
            auc, odds = auc.turned(lambda area: 1 - area), odds and odds.turned(lambda ratio: 1 / ratio)
        return f"AUC {spoken(auc, 2)}" if odds is None else f"odds ratio {spoken(odds, 2)}, AUC {spoken(auc, 2)}"

    @property
    def _follows(self) -> str:
        return f"Spearman {spoken(self.dependence if self.sign > 0 else self.dependence.turned(operator.neg), 2)}"

    @property
    def _chosen(self) -> str:
        """Which filters of those that follow are muted."""
        if not self.top:
            return ""
        count, layers = len(self.top), {follower.key.layer for follower in self.top}
        names = ", ".join(str(follower.key) for follower in self.top[:NAMED])
        most = "push the score most" if self.top[0].pushed == self.top[0].pushed else "follow it most"
        half = " on one half of the pictures" if self.chosen_on_half else ""
        if count <= NAMED:
            return f"; those that {most}{half}: {names}"
        place = f" are of layer {layers.pop()}," if len(layers) == 1 else " are"
        return f"; the {count} that {most}{half}{place} among them {names}"

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
            follow = "follow" if self.following > 1 else "follows"
            sentences.append(f"{self.following:,} of {self.filters:,} filters {follow} it within class{self._chosen}.")
        if self.alongside:
            sentences.append(f"The same pictures differ in {' and '.join(self.alongside)} too.")
        if self.muting is not None:
            subject = f"these {len(self.top)}" if len(self.top) > 1 else "this filter"
            sentences.append(
                f"Muting {subject}, measured on {self.muting.pictures:,} pictures of the other half, "
                f"{self.muting.words(self.of_class, self.sign)}."
            )
        elif self.unjudged:
            sentences.append(self.unjudged)
        if self.correction is not None:
            sentences.append(
                f"Giving each picture the usual light of this folder {self.correction.words(self.of_class, self.sign)}."
            )
        return tuple(sentences)
