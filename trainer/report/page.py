"""One self-contained page of a report, sober as a paper's supplement."""

from collections.abc import Mapping
from importlib.resources import files

import numpy as np

from trainer.cohort.cohort import Cohort
from trainer.evaluation.evaluate import Evaluation
from trainer.report.html import Cell, Figures, document, element, folded, heading, headline, paragraph, section, table
from trainer.report.result_sections import results
from trainer.report.write import Run, parts

LISTED = 60
"""Left-out pictures up to which they are listed without a click."""

MOST_LISTED = 2000
REFRESH = 30
"""Seconds after which the page of a run that goes on is read again."""


def page(evaluation: Evaluation | None, run: Run | None, cohort: Cohort, svgs: Mapping[str, str]) -> str:
    """The page as HTML; `svgs` are the figures by name. Without an evaluation, the page of a run that goes on."""
    figures = Figures(svgs)
    source = cohort.source or cohort.path.name
    title = f"{source}: {evaluation.part} part" if evaluation else f"{source}: training goes on"
    body = [heading(title)]
    if evaluation:
        body += [_what(evaluation), _headline(evaluation), _worth(evaluation)]
        body += [paragraph(note, "note") for note in evaluation.notes]
        body += results(evaluation, figures)
    else:
        body.append(
            paragraph("The page is read anew every half minute; figures of the test part come at the end.", "sub")
        )
    if run:
        body.append(_learning(run, figures))
    body += [_cohort(cohort), _how(evaluation, run)]
    style = files("resources").joinpath("report.css").read_text("utf-8")
    return document(title, style, "\n".join(body), 0 if evaluation else REFRESH)


def _what(evaluation: Evaluation) -> str:
    told = [str(evaluation.network[name]) for name in ("file", "architecture") if name in evaluation.network]
    told.append(f"classes {', '.join(evaluation.classes)}")
    if evaluation.taxonomy:
        told.append(f"level {evaluation.level} of {evaluation.taxonomy}")
    return paragraph("; ".join(told), "sub")


def _headline(evaluation: Evaluation) -> str:
    rows = []
    of = evaluation.positive or "mean of the classes"
    for name, found, below in (
        (f"AUC, {of}", evaluation.auc, f"n = {evaluation.pictures:,} pictures of {evaluation.lesions:,} lesions"),
        ("balanced accuracy", evaluation.balanced_accuracy, f"n = {evaluation.pictures:,}"),
        ("calibration error", evaluation.calibration.before.ece, f"n = {evaluation.pictures:,}, as trained"),
    ):
        interval = f"{found.low:.3f} to {found.high:.3f}; " if np.isfinite(found.low) else ""
        rows.append((name, f"{found.value:.3f}", f"{interval}{below}"))
    return headline(rows)


def _worth(evaluation: Evaluation) -> str:
    first = (
        f"What these numbers are worth. Each interval holds 95 % of {evaluation.draws:,} draws, with replacement, of "
        f"the {evaluation.lesions:,} lesions of this part. It says how far chance would move the number in another "
        "sample like this one. It does not cover other archives, cameras, clinics or skin types, nor what training "
        "again with another seed would have given."
    )
    second = (
        "A network that was trained on pictures of the same archive may know that archive's shortcuts: rulers, ink, "
        "colored patches, dark corners, the source itself. They serve it in this part as well, and not elsewhere. "
        "An AUC over 0.90 is a reason to look closer. For research only; no figure here supports a decision about a "
        "person."
    )
    return element("div", paragraph(first), paragraph(second), of="worth")


def _learning(run: Run, figures: Figures) -> str:
    best = next((row for row in run.history if row.get("epoch") == run.chosen_epoch), None)
    chosen = f"Epoch {run.chosen_epoch} was chosen" if run.chosen_epoch else "No epoch is marked as chosen"
    if best and best.get("auc") is not None:
        chosen += f", with a validation AUC of {best['auc']:.3f}"
        if run.settings.get("chosen") != "last":
            chosen += f"; being the best of {len(run.history)}, it flatters"
    drawn = figures("learning", f"Learning curves over {len(run.history)} epochs. {chosen}.")
    measured = [
        ("epochs", str(len(run.history))),
        ("chosen epoch", str(run.chosen_epoch or "")),
        ("time", _duration(run.seconds) if run.seconds else ""),
        ("pictures/s", f"{run.pictures_per_second:,.0f}" if run.pictures_per_second else ""),
        ("seed", "" if run.seed is None else str(run.seed)),
        ("device", run.device),
        *((name.replace("_", " "), "on" if on else "off") for name, on in run.arithmetic.items()),
        *((f"version of {name}", text) for name, text in run.versions.items()),
    ]
    settings = [(name, _setting(value)) for name, value in run.settings.items()]
    return section(
        "Training",
        drawn,
        table(("", "training"), [row for row in measured if row[1]]),
        folded(f"All {len(settings)} settings", table(("setting", "value"), settings)) if settings else "",
    )


def _cohort(cohort: Cohort) -> str:
    counted = parts(cohort)
    rows: list[tuple[Cell, ...]] = [
        (name, *(counted[part][name] for part in counted), sum(counted[part][name] for part in counted))
        for name in cohort.classes
    ]
    all_of = [sum(of.values()) for of in counted.values()]
    rows.append(("all", *all_of, sum(all_of)))
    flow = table(("step", "pictures"), list(cohort.flow.items()), "Cohort flow")
    left = [(name, reason) for name, reason in cohort.left_out[:MOST_LISTED]]
    more = len(cohort.left_out) - len(left)
    listed = table(("left out", "because"), left)
    if more > 0:
        listed += paragraph(f"and {more:,} more, all of them in report.json")
    if len(left) > LISTED:
        listed = folded(f"{len(cohort.left_out):,} pictures were left out", listed)
    return section(
        "Cohort",
        paragraph(f"{cohort.source or cohort.path.name}; file {cohort.path.name}, digest {cohort.digest[:16]}"),
        flow,
        table(("class", *counted, "all"), rows, "Pictures by class and part"),
        listed or paragraph("No picture was left out."),
    )


def _how(evaluation: Evaluation | None, run: Run | None) -> str:
    if evaluation is None:
        return ""
    rows: list[tuple[str, str]] = [
        ("bootstrap", f"{evaluation.draws:,} draws of lesions, seed {evaluation.seed}, percentile interval"),
        ("device", evaluation.device),
        ("time of the network", f"{_duration(evaluation.seconds)}, {evaluation.pictures_per_second:,.0f} pictures/s"),
        *((f"network: {name}", _setting(value)) for name, value in evaluation.network.items()),
        *((f"version of {name}", text) for name, text in evaluation.versions.items()),
    ]
    return section("How this was measured", table(("", "evaluation"), rows))


def _setting(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_setting(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
