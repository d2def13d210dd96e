"""Several runs of one recipe side by side: their figures, and mean and standard deviation over them."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.cohort.cohort import Cohort
from trainer.files.page_templates import rendered
from trainer.measures.bootstrap import Measure
from trainer.measures.spoken import spoken
from trainer.report.page import Figures
from trainer.report.style import COLORS, GREY, INK, STYLE, encoded
from trainer.report.tables import Table, setting_rows, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Compared:
    """A finished run: its test `pictures`, its `auc` with interval as in report.json, and further figures by name."""

    name: str
    fold: int
    seed: int
    epoch: int
    pictures: int
    auc: dict[str, Any]
    figures: dict[str, float | None]


def over_runs(values: Sequence[float | None]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of what is defined; NaN where there is none, or one only."""
    defined = [value for value in values if value is not None]
    mean = statistics.fmean(defined) if defined else float("nan")
    return mean, statistics.stdev(defined) if len(defined) > 1 else float("nan")


def summary_rows(runs: Sequence[Compared]) -> Iterator[Sequence[str | int]]:
    """The head, a row for each run, and mean and standard deviation over the runs."""
    names = list(dict.fromkeys(name for run in runs for name in run.figures))
    yield "run", "fold", "seed", "epoch", "test pictures", "auc low", "auc high", *names
    for run in runs:
        fold = run.fold if run.fold >= 0 else ""
        numbers = (_text(run.figures.get(name)) for name in names)
        low, high = (_text(run.auc[end]) for end in ("low", "high"))
        yield run.name, fold, run.seed, run.epoch, run.pictures, low, high, *numbers
    both = [over_runs([run.figures.get(name) for run in runs]) for name in names]
    for index, statistic in enumerate(("mean", "standard deviation")):
        yield statistic, "", "", "", "", "", "", *(_text(pair[index]) for pair in both)


def comparison_page(runs: Sequence[Compared], planned: int, cohort: Cohort, settings: Mapping[str, Any]) -> str:
    """The page as HTML, of the runs that are finished of those that were `planned`."""
    import matplotlib

    head, *rows = summary_rows(runs)
    shown = [[*row[:5], f"[{row[5]}, {row[6]}]" if row[5] else "", *row[7:]] for row in rows]
    svgs = {}
    if runs:
        with matplotlib.rc_context(STYLE):
            svgs = {"runs": encoded(_figure(runs), "runs")[0].decode("utf-8")}
    mean, deviation = over_runs([run.auc["value"] for run in runs])
    return rendered(
        "runs.html",
        {"written": written, "spoken": spoken},
        source=cohort.source or cohort.path.name,
        cohort=cohort,
        done=len(runs),
        planned=planned,
        mean=_text(mean),
        deviation=_text(deviation),
        folds=len({run.fold for run in runs}),
        table_of_runs=Table((*map(str, head[:5]), "95 % interval of the AUC", *map(str, head[7:])), shown),
        settings=Table(("setting", "value"), setting_rows(settings)),
        figures=Figures(svgs),
    )


def _figure(runs: Sequence[Compared]) -> "Figure":
    """The AUC of each run with its interval, and the mean with the standard deviation."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 0.3 * len(runs) + 1.2), layout="constrained")
    axes = figure.subplots()
    for row, run in enumerate(runs):
        value, low, high = (float("nan") if run.auc[key] is None else run.auc[key] for key in ("value", "low", "high"))
        auc = Measure(value, low, high, run.pictures)
        axes.plot([auc.low, auc.high], [row, row], color=COLORS[0], linewidth=1.3)
        axes.plot([auc.value], [row], "o", color=COLORS[0], markersize=5)
    mean, deviation = over_runs([run.auc["value"] for run in runs])
    axes.axvline(mean, color=INK, linewidth=1, linestyle=":")
    if deviation == deviation:
        axes.axvspan(mean - deviation, mean + deviation, color=GREY, alpha=0.15, linewidth=0)
    axes.set_yticks(range(len(runs)), [run.name for run in runs])
    axes.set(xlabel="AUC on each run's test part", ylim=(len(runs) - 0.5, -0.5))
    return figure


def _text(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.4f}"
