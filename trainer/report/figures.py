"""The figures of a report, in one style, as matplotlib draws them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.evaluation.evaluate import Evaluation
from trainer.measures.bootstrap import Measure
from trainer.measures.calibration import BINS, Reliability
from trainer.measures.percent import percent
from trainer.measures.roc_curves import GRID, Curve
from trainer.measures.spoken import spoken
from trainer.report.style import COLORS, GREY, INK, LINES, PAPER, STYLE, short, square, with_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def drawn(evaluation: Evaluation | None, history: Sequence[Mapping[str, Any]], chosen: int) -> dict[str, "Figure"]:
    """Every figure for which there are numbers, by the name of its file."""
    import matplotlib

    figures: dict[str, Figure] = {}
    with matplotlib.rc_context(STYLE):
        if evaluation:
            figures["roc"] = roc(evaluation)
            figures["precision_recall"] = precision_recall(evaluation)
            figures["confusion"] = confusion(evaluation)
            figures["reliability"] = reliability(evaluation)
            if evaluation.subgroups:
                figures["subgroups"] = subgroups(evaluation)
        if history:
            figures["learning"] = learning(history, chosen)
    return figures


def roc(evaluation: Evaluation) -> "Figure":
    """Sensitivity against 1 - specificity, with bands and readers."""
    figure, axes = square()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="chance")
    for curve, color, line in _colored(evaluation.curves):
        if len(evaluation.curves) <= 2:
            axes.fill_between(GRID, *curve.roc_band, color=color, alpha=0.18, linewidth=0)
        label = f"{short(curve.name, 30)}: AUC {spoken(curve.auc)}"
        axes.plot(curve.false_positive_rate, curve.sensitivity, color=color, linestyle=line, label=label)
    if evaluation.readers:
        across = [1 - point.reader.specificity for point in evaluation.readers]
        up = [point.reader.sensitivity for point in evaluation.readers]
        many = f"{len(across)} reader{'s' * (len(across) > 1)}"
        axes.scatter(across, up, s=26, facecolor=PAPER, edgecolor=INK, linewidth=1, zorder=4, label=many)
        if len(across) > 1:
            mean = f"mean of the readers: {np.mean(up):.2f} at {1 - np.mean(across):.2f}"
            axes.scatter(np.mean(across), np.mean(up), s=60, marker="P", color=INK, linewidth=0, zorder=5, label=mean)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity")
    return with_legend(figure)


def precision_recall(evaluation: Evaluation) -> "Figure":
    """Precision against recall, with bands and the share of each class."""
    figure, axes = square()
    for curve, color, line in _colored(evaluation.curves):
        if len(evaluation.curves) <= 2:
            axes.fill_between(GRID, *curve.precision_band, color=color, alpha=0.18, linewidth=0)
        axes.axhline(curve.share, color=color, linewidth=0.8, linestyle=":")
        label = f"{short(curve.name, 30)}: mean precision {spoken(curve.average_precision)}"
        axes.plot(curve.recall, curve.precision, color=color, linestyle=line, label=label)
    axes.plot([], [], color=GREY, linewidth=0.8, linestyle=":", label="chance: the share of the class")
    axes.set(xlabel="recall (sensitivity)", ylabel="precision")
    return with_legend(figure)


def reliability(evaluation: Evaluation) -> "Figure":
    """Observed share against predicted probability, before and after temperature scaling, with counts."""
    from matplotlib.figure import Figure

    calibration = evaluation.calibration
    states = [("as trained", calibration.before)]
    if calibration.after and calibration.temperature:
        states.append((f"divided by T = {calibration.temperature.value:.2f}", calibration.after))
    figure = Figure(figsize=(3.3 * len(states) + 0.3, 4.3), layout="constrained")
    panels = figure.subplots(2, len(states), squeeze=False, sharex=True, sharey="row", height_ratios=(3.2, 1))
    for column, (title, state) in enumerate(states):
        _reliability_points(panels[0, column], state, COLORS[column])
        panels[0, column].set_title(f"{title}\nECE {spoken(state.ece)}")
        panels[1, column].bar((np.arange(BINS) + 0.5) / BINS, state.counts, 0.9 / BINS, color=COLORS[column], alpha=0.6)
        panels[1, column].set_xlabel(f"probability of {short(calibration.of, 28)}")
    panels[0, 0].set_ylabel("share for which it was so")
    panels[1, 0].set_ylabel("pictures")
    return figure


def _reliability_points(axes: "Axes", state: Reliability, color: str) -> None:
    filled = state.counts > 0
    observed = [measure for measure in state.observed if measure.n]
    values = np.array([measure.value for measure in observed])
    errors = np.abs(
        np.nan_to_num([[measure.low for measure in observed], [measure.high for measure in observed]] - values)
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
    axes.errorbar(
        state.predicted[filled], values, errors,
        color=color, marker="o", markersize=4, linewidth=1.2, elinewidth=1, capsize=2,
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(-0.02, 1.02))


def confusion(evaluation: Evaluation) -> "Figure":
    """Pictures by true and predicted class: counts, and shares of the true class as color."""
    from matplotlib.figure import Figure

    count = len(evaluation.classes)
    side = max(2.6, 0.62 * count + 1.6)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    totals = evaluation.confusion.sum(axis=1, keepdims=True)
    shares = evaluation.confusion / np.maximum(totals, 1)
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1.15, edgecolors=PAPER, linewidth=1)
    for row in range(count):
        for column in range(count):
            share = shares[row, column]
            text = f"{evaluation.confusion[row, column]:,}" + (f"\n{percent(share)}" if totals[row, 0] else "")
            # Not the style's ink: the cells keep their colors in the dark.
            shade = "#fefefe" if share > 0.6 else "#14171a"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=shade)
    names = [short(name) for name in evaluation.classes]
    axes.set_xticks(np.arange(count) + 0.5, names)
    if max(map(len, names)) > 6 and count > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(count) + 0.5, names)
    axes.set(xlabel="predicted class", ylabel="true class", aspect="equal")
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def learning(history: Sequence[Mapping[str, Any]], chosen: int) -> "Figure":
    """Loss, validation AUC, accuracy and learning rate by epoch, with the chosen epoch.

    Where the course within the epochs is known, the learning rate is that of single steps (SGDR falls and jumps there).
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels: list[tuple[str, tuple[tuple[str, str], ...]]] = [
        ("loss", (("loss", "training"), ("validation_loss", "validation"))),
        ("AUC", (("auc", "validation"),)),
    ]
    if np.isfinite(_column(history, "accuracy")).any():
        panels.append(("accuracy", (("accuracy", "training"), ("validation_accuracy", "validation"))))
    course = {name: _course(history, name) for name in ("epoch", "loss", "learning_rate")}
    rates = np.concatenate([_column(history, "learning_rate"), course["learning_rate"]])
    if len(set(rates[np.isfinite(rates)])) > 1:
        panels.append(("learning rate", (("learning_rate", ""),)))
    figure = Figure(figsize=(6.4, 1.9 * len(panels) + 0.5), layout="constrained")
    rows = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    epochs = np.array([row.get("epoch", epoch) for epoch, row in enumerate(history, 1)])
    for axes, (title, lines) in zip(rows, panels, strict=True):
        shown = [(name, label) for name, label in lines if np.isfinite(_column(history, name)).any()]
        if title in ("loss", "learning rate") and len(course["epoch"]):
            faint = title == "loss"
            within = course["loss" if faint else "learning_rate"]
            axes.plot(course["epoch"], within, color=COLORS[0], linewidth=0.7, alpha=0.35 if faint else 1,
                      label="training, single steps" if faint else "")  # fmt: skip
            shown = shown if faint else []
        for index, (name, label) in enumerate(shown):
            values = _column(history, name)
            color = COLORS[1] if label == "validation" else COLORS[0]
            dots = {"marker": "o", "markersize": 3} if len(history) < 30 else {}
            axes.plot(epochs, values, color=color, linestyle=LINES[index], linewidth=1.3, label=label, **dots)
        if chosen:
            axes.axvline(chosen, color=INK, linewidth=1, linestyle=":", label=f"chosen epoch {chosen}")
        axes.set_ylabel(title)
        if title in ("AUC", "accuracy"):
            axes.set_ylim(top=min(1.005, axes.get_ylim()[1]))
        if title == "learning rate" and rates[rates > 0].size and rates.max() > 20 * rates[rates > 0].min():
            axes.set_yscale("log")
        if axes.get_legend_handles_labels()[1] and title != "learning rate":
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    rows[-1].set_xlabel("epoch")
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def subgroups(evaluation: Evaluation) -> "Figure":
    """A forest plot of the AUC by sex, age and site; hollow points stand for small subgroups."""
    from matplotlib.figure import Figure

    rows: list[Any] = [None]
    for index, group in enumerate(evaluation.subgroups):
        if not index or group.kind != evaluation.subgroups[index - 1].kind:
            rows.append(group.kind)
        rows.append(group)
    figure = Figure(figsize=(7.2, 0.235 * len(rows) + 0.9))
    left, right = 0.25, 0.62
    foot, head = 0.5 / figure.get_figheight(), 1 - 0.3 / figure.get_figheight()
    axes = figure.add_axes((left, foot, right - left, head - foot))
    for row, group in enumerate(rows):
        if isinstance(group, str):
            _beside(axes, row, group, "", bold=True)
            continue
        name = "all" if group is None else short(group.name, 24)
        auc = evaluation.auc if group is None else group.auc
        note = "" if group is None else group.note
        defined = np.isfinite(auc.value)
        _beside(axes, row, name, _right_text(auc, note), bold=group is None, inside=group is not None)
        if defined:
            color, fill = (INK, INK) if group is None else (COLORS[0], PAPER if "small" in note else COLORS[0])
            if np.isfinite(auc.low):
                axes.plot([auc.low, auc.high], [row, row], color=color, linewidth=1.3, solid_capstyle="butt")
            axes.plot([auc.value], [row], "o", color=color, markerfacecolor=fill, markersize=5)
    axes.axvline(evaluation.auc.value, color=GREY, linewidth=0.8, linestyle=":")
    lows = [group.auc.low for group in evaluation.subgroups if np.isfinite(group.auc.low)]
    least = min([0.5, evaluation.auc.low, *lows])
    axes.set(
        xlim=(max(0, np.floor(least * 10) / 10) - 0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel=_auc_of(evaluation)
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _beside(axes, -1.0, "", "AUC (95 % interval), n", bold=True)
    return figure


def _right_text(auc: Measure, note: str) -> str:
    if not np.isfinite(auc.value):
        return f"{note or 'not defined'}, n = {auc.n:,}"
    return f"{spoken(auc, 2)}, n = {auc.n:,}" + (", small" if "small" in note else "")


def _beside(axes: "Axes", row: float, left: str, right: str, *, bold: bool, inside: bool = False) -> None:
    """Text to the left and to the right of one row of the forest plot."""
    weight = "bold" if bold else "normal"
    transform = axes.get_yaxis_transform()
    axes.text(-0.58 if inside else -0.62, row, left, transform=transform, va="center", fontsize=8, fontweight=weight)
    axes.text(1.04, row, right, transform=transform, va="center", fontsize=8, fontweight=weight)


def _auc_of(evaluation: Evaluation) -> str:
    return f"AUC of {short(evaluation.positive)}" if evaluation.positive else "mean AUC of one class against the rest"


def _colored(curves: Sequence[Curve]) -> list[tuple[Curve, str, str]]:
    return [
        (curve, COLORS[index % len(COLORS)], LINES[index // len(COLORS) % len(LINES)])
        for index, curve in enumerate(curves)
    ]


def _course(history: Sequence[Mapping[str, Any]], name: str) -> Any:
    """What is known of single steps, one after the other."""
    return np.array([value for row in history for value in (row.get("course") or {}).get(name, ())], float)


def _column(history: Sequence[Mapping[str, Any]], name: str) -> Any:
    values = [row.get(name) for row in history]
    return np.array([np.nan if value is None else float(value) for value in values])
