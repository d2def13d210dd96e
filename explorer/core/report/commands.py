"""The command lines that make a report's figures again."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.core.report.sources import Sources
from explorer.core.report.tiles import STYLE

PROGRAM = "feature-explorer"
INDEX = "index.h5"
"""The index that the first command makes, for those that draw."""

Words = list[str]


def commands_of(sources: Sources, filters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How the index is made, and for each filter its figures by kind, each command as its words.

    Pictures whose name has a comma cannot be chosen in a command, which takes commas to part names; they are left out.
    There is no command for a network that was opened from no file.
    """
    files = {name: os.fspath(path) for name, path in sources.files.items()}
    if "model" not in files or "images" not in files:
        return {"index": [], "figures": {}}
    network = [f"--model={files['model']}", *sources.opening, f"--images={files['images']}"]
    labels = [f"--labels={files['labels']}"] if "labels" in files else []
    figures = {
        facts["filter"]: {
            kind: _figures(network, facts["filter"], kind, [one["picture"] for one in chosen])
            for kind, chosen in facts["pictures"].items()
            if chosen
        }
        for facts in filters
    }
    return {"index": [PROGRAM, "index", *network, *labels, f"--out={INDEX}"], "figures": figures}


def _figures(network: Words, filter: str, kind: str, names: Sequence[str]) -> Words:
    chosen = [f"--pictures={name}" for name in dict.fromkeys(names) if "," not in name]
    drawn = [f"--scale={STYLE.scale}", f"--index={INDEX}", f"--width={STYLE.width_mm:g}", f"--dpi={STYLE.dpi}"]
    out = f"--out=figures/{filter.replace(':', '-')}-{kind}"
    return [PROGRAM, "export", *network, f"--filters={filter}", *chosen, *drawn, out]
