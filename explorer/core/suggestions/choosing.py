"""From evidence to suggestions: the strongest rule that holds, for every filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.over_pictures import adjusted
from explorer.core.suggestions.evidence import Evidence
from explorer.core.suggestions.probed import Probed
from explorer.core.suggestions.reasons import reason_of
from explorer.core.suggestions.suggestion import NOTHING, Suggestion
from explorer.core.suggestions.table import Rule, Table
from explorer.core.tags import FilterKey

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class _Judged:
    """A rule over F filters: its `strength` (effect over the least one, 0 where the probes speak against it), and p."""

    rule: Rule
    evidence: Evidence
    probed: Probed | None
    strength: Numbers
    p: Numbers


def choose_tags(
    keys: Sequence[FilterKey],
    evidence: Sequence[Evidence],
    probes: Mapping[str, Probed],
    table: Table,
    changes: Sequence[str],
) -> tuple[Suggestion, ...]:
    """One suggestion for each filter; where no rule holds, one that says so."""
    of = {one.concept: one for one in evidence}
    judged = [_judge(rule, of[rule.concept], probes.get(rule.concept), table.significant) for rule in table.rules]
    p = adjusted(np.stack([one.p for one in judged]))
    return tuple(_chosen(key, place, judged, p[:, place], table, changes[place]) for place, key in enumerate(keys))


def _judge(rule: Rule, evidence: Evidence, probed: Probed | None, significant: float) -> _Judged:
    strength = evidence.effect / rule.least
    if np.isfinite(rule.probed):
        rise = probed.rise / rule.probed if probed is not None else np.zeros_like(strength)
        # The family of tests is that of the pictures; a probe can only take a claim away.
        strength = np.where(probed.p <= significant, np.minimum(strength, rise), 0) if probed is not None else rise
    return _Judged(rule, evidence, probed, np.nan_to_num(strength), evidence.p)


def _chosen(
    key: FilterKey, place: int, judged: Sequence[_Judged], p: Numbers, table: Table, changes: str
) -> Suggestion:
    order = sorted(range(len(judged)), key=lambda row: -float(judged[row].strength[place]))
    holding = [row for row in order if judged[row].strength[place] >= 1 and p[row] <= table.significant]
    if not holding:
        best = judged[order[0]]
        near = f"the nearest is {_words(best, place, table)}, at {best.strength[place]:.1f} of the least effect"
        silent = all(one.evidence.n[place] == 0 for one in judged)
        why = "it says nothing on these pictures" if silent else near
        return Suggestion(
            key, "", "", 0.0, f"{NOTHING}: {why}", n=int(max(one.evidence.n[place] for one in judged)), changes=changes
        )
    best, said = judged[holding[0]], _words(judged[holding[0]], place, table)
    others: dict[str, float] = {}
    for row in holding[1:]:
        words = _words(judged[row], place, table)
        if words != said:
            others.setdefault(words, float(judged[row].strength[place]))
    one = best.evidence
    return Suggestion(
        key,
        best.rule.tag,
        _detail(best, place, table),
        float(best.strength[place]),
        reason_of(one, place, best.probed),
        one.concept,
        float(one.times[place]),
        float(one.effect[place]),
        float(one.low[place]),
        float(one.high[place]),
        float(p[holding[0]]),
        int(one.n[place]),
        tuple(f"{words} ({strength:.1f})" for words, strength in others.items()),
        changes,
    )


def _words(judged: _Judged, place: int, table: Table) -> str:
    detail = _detail(judged, place, table)
    return f"{judged.rule.tag}, {detail}" if detail else judged.rule.tag


def _detail(judged: _Judged, place: int, table: Table) -> str:
    evidence = judged.evidence
    hue = (
        np.array([evidence.numbers[f"hue{axis}"][place] for axis in range(3)]) if evidence.concept == "color" else None
    )
    found = evidence.found[place]
    for name, word in (("{side}", found), ("{edge}", found), ("{color}", table.color(hue) if hue is not None else "")):
        if name in judged.rule.detail:
            return judged.rule.detail.replace(name, word)
    return judged.rule.detail
