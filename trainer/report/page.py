"""One self-contained page of a report, sober as a paper's supplement; its words and elements stand in templates."""

import html
import re
from collections.abc import Mapping

from trainer.cohort.cohort import Cohort
from trainer.evaluation.evaluate import Evaluation
from trainer.files.page_templates import rendered
from trainer.measures.bootstrap import Measure
from trainer.measures.calibration import BINS
from trainer.measures.spoken import spoken
from trainer.report.confused import confused_pairs
from trainer.report.run_record import Run
from trainer.report.style import COLORS, GREY, GRID_LINE, INK, PAPER
from trainer.report.tables import tables, written

LISTED = 60
"""Left-out pictures up to which they are listed without a click."""

REFRESH = 30
"""Seconds after which the page of a run that goes on is read again."""

_DARKENED = {
    INK: "var(--ink)",
    GREY: "var(--grey)",
    GRID_LINE: "var(--grid)",
    PAPER: "var(--paper)",
    COLORS[0]: "var(--blue)",
}


def page(evaluation: Evaluation | None, run: Run | None, cohort: Cohort, svgs: Mapping[str, str]) -> str:
    """The page as HTML; `svgs` are the figures by name. Without an evaluation, the page of a run that goes on.

    The templates of `resources/report` escape every text.
    """
    return rendered(
        "page.html",
        {"written": written, "spoken": spoken},
        evaluation=evaluation,
        run=run,
        cohort=cohort,
        source=cohort.source or cohort.path.name,
        tables=tables(evaluation, run, cohort),
        figures=Figures(svgs),
        refresh=REFRESH,
        listed=LISTED,
        bins=BINS,
        **(_of(evaluation, cohort) if evaluation else {}),
    )


def _of(evaluation: Evaluation, cohort: Cohort) -> dict[str, object]:
    """What the top of the page says of an evaluation."""
    about = [str(evaluation.network[name]) for name in ("file", "architecture") if name in evaluation.network]
    about.append(f"classes {', '.join(evaluation.classes)}")
    if evaluation.taxonomy:
        about.append(f"level {evaluation.level} of {evaluation.taxonomy}")
    class_name = evaluation.positive or "mean of the classes"
    headline: list[tuple[str, Measure, str]] = [
        (
            f"AUC, {class_name}",
            evaluation.auc,
            f"n = {evaluation.pictures:,} pictures of {evaluation.lesions:,} lesions",
        ),
        ("balanced accuracy", evaluation.balanced_accuracy, f"n = {evaluation.pictures:,}"),
        ("calibration error", evaluation.calibration.before.ece, f"n = {evaluation.pictures:,}, as trained"),
    ]
    above = sum(point.reader.sensitivity > point.network.value for point in evaluation.readers)
    confused = confused_pairs(evaluation, cohort)
    return {"confused": confused, "about": about, "headline": headline, "readers_above": above}


class Figures:
    """The figures of a page by name, counted as they come."""

    def __init__(self, svgs: Mapping[str, str]) -> None:
        self._svgs, self.count = svgs, 0

    def next(self, name: str, caption: str) -> str:
        """The next figure's drawing; empty, and not counted, where there is none of this name.

        Its ids are made its own, and its greys follow the page's.
        """
        if name not in self._svgs:
            return ""
        self.count += 1
        svg = self._svgs[name]
        drawing = svg[svg.index("<svg") :]
        drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
        drawing = re.sub(r"<!--.*?-->", "", drawing, flags=re.DOTALL)
        drawing = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
        for color, variable in _DARKENED.items():
            drawing = drawing.replace(color, variable)
        label = html.escape(f"Figure {self.count}. {caption}", quote=True).replace("\\", r"\\")
        drawing = re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" ', drawing, count=1)
        drawing = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", drawing, count=1)
        drawing = re.sub(r'(<svg [^>]*?) width="([^"]*)"', r'\1 style="max-width: \2"', drawing, count=1)
        return drawing
