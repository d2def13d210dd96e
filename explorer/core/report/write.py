"""Making a report."""

import os
from pathlib import Path

from explorer.core.progress import OnStage, OnStep, no_stage, no_step
from explorer.core.report.commands import commands_of
from explorer.core.report.page import page
from explorer.core.report.sections import facts_of, versions
from explorer.core.report.sources import Sources
from explorer.core.report.tiles import tiles
from trainer.files.atomic_files import replace_file


def evidence_report(
    sources: Sources, out: Path | str, *, on_step: OnStep = no_step, on_stage: OnStage = no_stage
) -> None:
    """Write a report as one HTML file that needs nothing beside it; UserError or OSError where that fails."""
    out = Path(out)
    facts = facts_of(sources, on_step, on_stage)
    on_stage("drawing")
    drawn = tiles(sources, facts["filters"], on_step)
    report = {
        "facts": facts,
        "files": {name: _named(path, out.parent) for name, path in sources.files.items()},
        "digests": sources.digests(),
        "opening": list(sources.opening),
        "words": os.fspath(sources.words_file) if sources.words_file is not None else None,
        "versions": versions(),
        "commands": commands_of(sources, facts),
    }
    replace_file(out, page(report, drawn).encode("utf-8", "replace"))


def _named(path: Path, beside: Path) -> dict[str, str]:
    """A path as it was given, and as it is found from the report's folder."""
    try:
        return {"given": os.fspath(path), "beside": os.path.relpath(path, beside)}
    except ValueError:  # another drive
        return {"given": os.fspath(path), "beside": os.fspath(path.absolute())}
