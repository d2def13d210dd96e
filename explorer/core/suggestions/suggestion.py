"""A suggestion: the tag that the program proposes for a filter, with its reason; no tag until a person accepts it."""

from dataclasses import dataclass, field
from typing import Any

from explorer.core.suggestions.chart import Chart
from explorer.core.tags import FilterKey

NOTHING = "nothing clear"
FEWEST_HELD_OUT = 10
"""Pictures without which nothing is said of whether a suggestion holds on others."""


NAN = float("nan")


@dataclass(frozen=True)
class HeldOut:
    """What `n` pictures say of a suggestion that had no part in it: `effect`, its 95 % interval, and one-sided `p`."""

    effect: float = NAN
    low: float = NAN
    high: float = NAN
    p: float = NAN
    n: int = 0

    def fails(self, significant: float) -> bool:
        """Whether they speak against it; too few say nothing."""
        return self.n >= FEWEST_HELD_OUT and not self.p <= significant


@dataclass(frozen=True)
class Suggestion:
    """What is suggested for one filter; `tag` "" where nothing is clear.

    `concept` what was measured; `strength` its effect over the least effect of its rule; `times` how many times more
    the filter answers there than beside it (NaN where that means nothing); `effect` with its 95 % interval `low` and
    `high`, and the corrected `p` over `n` pictures; `runners_up` the other tags that hold, the strongest first, in
    words; `changes` what changes its answer most; `iou` how well as many of its highest cells cover the concept, the
    mean over pictures; `held_out` the same effect on pictures that had no part in the suggestion; `chart` what speaks
    for it.
    """

    key: FilterKey
    tag: str
    detail: str
    strength: float
    reason: str
    concept: str = ""
    times: float = NAN
    effect: float = 0.0
    low: float = NAN
    high: float = NAN
    p: float = 1.0
    n: int = 0
    runners_up: tuple[str, ...] = ()
    changes: str = ""
    iou: float = NAN
    held_out: HeldOut = HeldOut()
    chart: Chart = Chart()

    @property
    def words(self) -> str:
        """Tag and detail, as they are read."""
        return f"{self.tag}, {self.detail}" if self.detail else self.tag or NOTHING


@dataclass(frozen=True)
class Suggestions:
    """Those of all filters of a network, by layer and filter; `facts` how they were made, plain values."""

    rows: tuple[Suggestion, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def of(self, key: FilterKey) -> Suggestion | None:
        """That of a filter."""
        return next((row for row in self.rows if row.key == key), None)

    @property
    def suggested(self) -> tuple[Suggestion, ...]:
        """Those with a tag."""
        return tuple(row for row in self.rows if row.tag)
