"""A suggestion: the tag that the program proposes for a filter, with its reason; no tag until a person accepts it."""

from dataclasses import dataclass, field
from typing import Any

from explorer.core.tags import FilterKey

NOTHING = "nothing clear"


@dataclass(frozen=True)
class Suggestion:
    """What is suggested for one filter; `tag` "" where nothing is clear.

    `concept` what was measured; `strength` its effect over the least effect of its rule; `times` how many times more
    the filter answers there than beside it (NaN where that means nothing); `effect` with its 95 % interval `low` and
    `high`, and the corrected `p` over `n` pictures; `runners_up` the other tags that hold, the strongest first, in
    words; `changes` what changes its answer most.
    """

    key: FilterKey
    tag: str
    detail: str
    strength: float
    reason: str
    concept: str = ""
    times: float = float("nan")
    effect: float = 0.0
    low: float = float("nan")
    high: float = float("nan")
    p: float = 1.0
    n: int = 0
    runners_up: tuple[str, ...] = ()
    changes: str = ""

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
