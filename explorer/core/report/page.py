"""A report as one page: its facts inside as JSON, its words and elements in templates that escape every text."""

import hashlib
import json
import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.core.muting.effect_words import rows as muting_rows
from explorer.core.report.network_words import network_rows
from explorer.core.report.tiles import Tiles
from explorer.core.suggestions.chart import Chart, chart_from, fractions, written
from trainer.files.page_templates import rendered, sources_of
from trainer.measures.percent import percent
from trainer.measures.spoken import within

FORMAT = "feature-map-explorer report 1"
_FACTS = re.compile(r'<script type="application/json" id="facts">(.*?)</script>', re.DOTALL)
LARGEST = 400_000_000
"""Bytes up to which a page is read."""


def page(report: Mapping[str, Any], drawn: Tiles) -> str:
    """The page as HTML; `report` holds "facts", "files", "digests", "versions" and "commands"."""
    said = {name: value for name, value in report.items() if name != "html"}
    # Nothing in a text may end the element that holds it.
    facts = json.dumps({**said, "format": FORMAT, "page": page_kind()}, allow_nan=False)
    facts = facts.replace("<", "\\u003c").replace("&", "\\u0026")
    return rendered(
        "evidence.html",
        {
            "number": number,
            "fixed": fixed,
            "counted": counted,
            "measure": measure,
            "percent": share,
            "line": shlex.join,
            "bars": bars,
            "begun": begun,
            "chart": suggestion_chart,
            "rose": rose,
            "written": written,
            "network_rows": network_rows,
            "muting_rows": muting_rows,
            "measured_effect": measured_effect,
        },
        **said,
        tiles={f"{filter} {picture}": uri for (filter, picture), uri in drawn.items()},
        embedded=facts,
    )


def page_kind() -> str:
    """What tells pages of one build of the program from those of another: a digest (hex) of how they are laid out."""
    return hashlib.sha256("".join(sources_of("evidence.html")).encode()).hexdigest()[:12]


def without_facts(html: str) -> str:
    """A page without the facts that `read_said` reads in it."""
    match = _FACTS.search(html)
    return html if match is None else html[: match.start(1)] + html[match.end(1) :]


def read_said(html: str, name: str) -> dict[str, Any]:
    """What `page` was given, and the page itself as "html"; UserError where the file is no such page."""
    match = _FACTS.search(html)
    try:
        report = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or report.get("format") != FORMAT or not _whole(report):
        raise UserError(f"{name} is no report of this program, or was changed; make it with `feature-explorer report`.")
    return {**report, "html": html}


def _whole(report: Mapping[str, Any]) -> bool:
    return all(isinstance(report.get(name), dict) for name in ("facts", "files", "digests", "versions", "commands"))


def number(value: float | None, digits: int = 3) -> str:
    """A number as people read it."""
    return "–" if value is None else f"{value:.{digits}g}" if isinstance(value, float) else f"{value:,}"


def fixed(value: float | None) -> str:
    """A number beside measured ones, with as many digits as `measure` gives those."""
    return "–" if value is None else f"{value:.3f}"


def share(value: float | None) -> str:
    """A share (0..1)."""
    return "–" if value is None else percent(value, 1)


def measure(value: Mapping[str, Any]) -> str:
    """A measured number with its 95 % interval."""
    if value["value"] is None:
        return "–"
    low, high = (math.nan if value[end] is None else value[end] for end in ("low", "high"))
    return f"{value['value']:.3f} {within(low, high)}"


def measured_effect(of: Mapping[str, Any]) -> str:
    """The effect of a suggestion with its interval, as far as there is one."""
    return "–" if of.get("effect") is None else measure({"value": of["effect"], "low": of["low"], "high": of["high"]})


def begun(text: str) -> str:
    """A sentence with a capital at its beginning; names in it stay as they are."""
    return text[:1].upper() + text[1:]


def suggestion_chart(evidence: Mapping[str, Any]) -> Chart | None:
    """What spoke for a tag that was suggested; None where its evidence tells nothing: tags may be a stranger's."""
    suggestion = evidence.get("suggestion")
    try:
        chart = chart_from(suggestion.get("chart", {}) if isinstance(suggestion, dict) else {})
    except ValueError:
        return None
    return chart if chart.groups else None


def rose(chart: Chart) -> list[str]:
    """The sectors around the lesion as two SVG paths on a circle of radius 1: the pictures' own, and others'."""
    both = fractions(chart.around, chart.around_others)
    return [" ".join(_petal(sector, reach) for sector, reach in enumerate(row)) for row in both]


def _petal(sector: int, reach: float) -> str:
    ends = [math.pi / 4 * (sector + side) for side in (-0.5, 0.5)]
    (x, y), (to_x, to_y) = ((reach * math.cos(angle), -reach * math.sin(angle)) for angle in ends)
    return f"M0 0L{x:.3f} {y:.3f}A{reach:.3f} {reach:.3f} 0 0 0 {to_x:.3f} {to_y:.3f}Z"


def bars(counts: list[int]) -> list[float]:
    """Heights (0..1) of a histogram, as square roots: rare answers are to be seen beside frequent ones."""
    most = max(counts, default=0)
    return [(count / most) ** 0.5 if most else 0.0 for count in counts]
