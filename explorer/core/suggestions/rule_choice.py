"""From evidence to suggestions: the strongest rule that holds, for every filter, and that holds on other pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.over_pictures import FEWEST
from explorer.core.counting import counted
from explorer.core.suggestions.chart import Chart
from explorer.core.suggestions.charting import chart_of, nearest_chart
from explorer.core.suggestions.evidence import Evidence
from explorer.core.suggestions.probed import Probed
from explorer.core.suggestions.reasons import held_out_of, reason_of
from explorer.core.suggestions.suggestion import NOTHING, HeldOut, Suggestion
from explorer.core.suggestions.table import Rule, Table
from explorer.core.tags import FilterKey
from trainer.measures.multiple_testing import corrected
from trainer.measures.percent import percent

Numbers = npt.NDArray[np.floating]
NEAREST = 3
"""Rules that are shown where none holds."""


@dataclass(frozen=True)
class _Judged:
    """A rule over F filters: its `strength` (effect over the least one, 0 where the probes speak against it), and p.

    `again` is the same measured on pictures that had no part in this.
    """

    rule: Rule
    evidence: Evidence
    again: Evidence | None
    probed: Probed | None
    strength: Numbers
    p: Numbers

    def held_out(self, filter_index: int) -> HeldOut:
        """What pictures say that had no part in it."""
        again = self.again
        if again is None:
            return HeldOut()
        effect, low, high, p = (float(getattr(again, name)[filter_index]) for name in ("effect", "low", "high", "p"))
        return HeldOut(effect, low, high, p, int(again.n[filter_index]))


def choose_tags(
    keys: Sequence[FilterKey],
    evidence: Sequence[Evidence],
    again: Sequence[Evidence],
    probes: Mapping[str, Probed],
    table: Table,
    changes: Sequence[str],
) -> tuple[Suggestion, ...]:
    """One suggestion for each filter; where no rule holds, one that says so.

    `evidence` is what chose, `again` the same on pictures that are held out (empty where there are none).
    """
    by_concept, held_out = {piece.concept: piece for piece in evidence}, {piece.concept: piece for piece in again}
    judged = [
        _judge(rule, by_concept[rule.concept], held_out.get(rule.concept), probes.get(rule.concept), table)
        for rule in table.rules
    ]
    p = corrected(np.stack([judgement.p for judgement in judged]))
    return tuple(
        _chosen(key, filter_index, judged, p[:, filter_index], table, changes[filter_index])
        for filter_index, key in enumerate(keys)
    )


def _judge(rule: Rule, evidence: Evidence, again: Evidence | None, probed: Probed | None, table: Table) -> _Judged:
    strength = evidence.effect / rule.least
    if np.isfinite(rule.probed):
        rise = probed.rise / rule.probed if probed is not None else np.zeros_like(strength)
        # The family of tests is that of the pictures; a probe can only take a claim away.
        strength = (
            np.where(probed.p <= table.significant, np.minimum(strength, rise), 0) if probed is not None else rise
        )
    strength = np.where(evidence.heard >= table.heard, np.nan_to_num(strength), 0)
    return _Judged(rule, evidence, again, probed, strength, evidence.p)


def _chosen(
    key: FilterKey, filter_index: int, judged: Sequence[_Judged], p: Numbers, table: Table, changes: str
) -> Suggestion:
    order = sorted(range(len(judged)), key=lambda row: -float(judged[row].strength[filter_index]))
    order.sort(key=lambda row: not judged[row].rule.first)
    holding = [row for row in order if judged[row].strength[filter_index] >= 1 and p[row] <= table.significant]
    kept = [row for row in holding if not judged[row].held_out(filter_index).fails(table.significant)]
    if not kept:
        return _nothing(key, filter_index, judged, holding, table, changes)
    best, best_words = judged[kept[0]], _words(judged[kept[0]], filter_index, table)
    others: dict[str, float] = {}
    for row in kept[1:]:
        words = _words(judged[row], filter_index, table)
        if words != best_words:
            others.setdefault(words, float(judged[row].strength[filter_index]))
    evidence, held_out = best.evidence, best.held_out(filter_index)
    effect = float(evidence.effect[filter_index])
    return Suggestion(
        key,
        best.rule.tag,
        _detail(best, filter_index, table),
        float(best.strength[filter_index]),
        f"{reason_of(evidence, filter_index, best.probed)}; {held_out_of(held_out, effect)}",
        evidence.concept,
        float(evidence.times[filter_index]),
        effect,
        float(evidence.low[filter_index]),
        float(evidence.high[filter_index]),
        float(p[kept[0]]),
        int(evidence.n[filter_index]),
        tuple(f"{words} ({strength:.1f})" for words, strength in others.items()),
        changes,
        float(evidence.iou[filter_index]),
        held_out,
        chart_of(evidence, filter_index, best.probed, best.rule.least, held_out),
    )


def _nothing(
    key: FilterKey,
    filter_index: int,
    judged: Sequence[_Judged],
    holding: Sequence[int],
    table: Table,
    changes: str,
) -> Suggestion:
    best = judged[holding[0]] if holding else max(judged, key=lambda judgement: float(judgement.strength[filter_index]))
    n = int(max(judgement.evidence.n[filter_index] for judgement in judged))
    heard = max(
        float(judgement.evidence.heard[filter_index])
        for judgement in judged
        if judgement.evidence.n[filter_index] >= FEWEST or n < FEWEST
    )
    held_out, chart = HeldOut(), _nearest(judged, filter_index, table)
    if not heard:
        why = "it says nothing on these pictures"
    elif holding:
        held_out = best.held_out(filter_index)
        chart = chart_of(best.evidence, filter_index, best.probed, best.rule.least, held_out)
        why = f"{_words(best, filter_index, table)} did not hold on {held_out.n:,} other pictures"
    elif heard < table.heard:
        why = f"it says something on {percent(heard)} of these pictures alone"
    else:
        why = f"the nearest is {_words(best, filter_index, table)}, {_short_of(best, filter_index)}"
    return Suggestion(key, "", "", 0.0, f"{NOTHING}: {why}", n=n, changes=changes, held_out=held_out, chart=chart)


def _short_of(best: _Judged, filter_index: int) -> str:
    """What the nearest rule lacks, in words: effect, or certainty."""
    strength = float(best.strength[filter_index])
    if strength < 1:
        return f"with {percent(strength)} of the effect that a suggestion needs"
    pictures = counted(int(best.evidence.n[filter_index]), "picture")
    return f"strong enough, but on {pictures} that may be chance, with so many filters and words tried"


def _nearest(judged: Sequence[_Judged], filter_index: int, table: Table) -> Chart:
    strengths: dict[str, float] = {}
    for judgement in sorted(judged, key=lambda judgement: -float(judgement.strength[filter_index])):
        strengths.setdefault(_words(judgement, filter_index, table), float(judgement.strength[filter_index]))
    return nearest_chart(list(strengths.items())[:NEAREST])


def _words(judged: _Judged, filter_index: int, table: Table) -> str:
    detail = _detail(judged, filter_index, table)
    return f"{judged.rule.tag}, {detail}" if detail else judged.rule.tag


def _detail(judged: _Judged, filter_index: int, table: Table) -> str:
    evidence = judged.evidence
    hue = (
        np.array([evidence.numbers[f"hue{axis}"][filter_index] for axis in range(3)])
        if evidence.concept == "color"
        else None
    )
    found_word = evidence.found[filter_index]
    for name, word in (
        ("{side}", found_word),
        ("{edge}", found_word),
        ("{color}", table.color(hue) if hue is not None else ""),
    ):
        if name in judged.rule.detail:
            return judged.rule.detail.replace(name, word)
    return judged.rule.detail
