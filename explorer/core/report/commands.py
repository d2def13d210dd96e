"""The command lines that make a report's figures again."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.core.report.sections import MUTED_PICTURES
from explorer.core.report.sources import Sources
from explorer.core.report.tiles import STYLE

PROGRAM = "feature-explorer"
INDEX = "index.h5"
"""The index that the first command makes, for those that draw."""

Words = list[str]


def commands_of(sources: Sources, facts: Mapping[str, Any]) -> dict[str, Any]:
    """How the index is made, for each filter its figures by kind and its card, and what makes other numbers again.

    Each command stands as its words; "numbers" has those of the decision, the predictions, suggestions, muting by word,
    and the alarm. There is none for a network that was opened from no file.
    """
    files = {name: os.fspath(path) for name, path in sources.files.items()}
    if "model" not in files or "images" not in files:
        return {"index": [], "figures": {}, "numbers": {}}
    filters: Sequence[Mapping[str, Any]] = facts["filters"]
    network = [f"--model={files['model']}", *sources.opening, f"--images={files['images']}"]
    tags = [f"--tags={files['tags']}"] if "tags" in files else []
    labels = [f"--labels={files['labels']}"] if "labels" in files else []
    figures = {
        filter_facts["filter"]: {
            kind: _figures(network, filter_facts["filter"], kind, names)
            for kind, chosen in filter_facts["pictures"].items()
            if (names := [picture["picture"] for picture in chosen])
        }
        | {"card": _card(network, tags, filter_facts["filter"])}
        for filter_facts in filters
    }
    index = [PROGRAM, "index", *network, *labels, f"--out={INDEX}"]
    words = [f"--words={os.fspath(sources.words_file)}"] if sources.words_file is not None else []
    return {"index": index, "figures": figures, "numbers": _numbers(files, network, labels, words, facts)}


def _numbers(
    files: Mapping[str, str], network: Words, labels: Words, words: Words, facts: Mapping[str, Any]
) -> dict[str, Words]:
    """What makes the numbers of a section again that has any; muting stands under its word."""
    corrections = [f"--artifacts={files['artifacts']}"] if "artifacts" in files else []
    commands = {}
    if "tags" in files:
        commands["decision"] = [PROGRAM, "tags", "list", files["tags"], f"--index={INDEX}"]
    if "auc" in facts["evaluation"]:
        commands["evaluation"] = [PROGRAM, "evaluate", *network, *labels, *words, f"--index={INDEX}"]
    if "filters" in facts["suggestions"]:
        commands["suggestions"] = [
            *(PROGRAM, "suggest", *network, *labels, *corrections),
            f"--index={INDEX}",
            "--out=suggestions.csv",
        ]
    for muted in facts["muting"].get("words", []) if "tags" in files else []:
        chosen = [
            f"--index={INDEX}",
            f"--tags={files['tags']}",
            f"--tag={muted['word']}",
            f"--random-on={MUTED_PICTURES}",
        ]
        real = ["--found", *corrections] if muted["with_and_without"] is not None else []
        commands[f"muting {muted['word']}"] = [PROGRAM, "mute", *network, *labels, *words, *chosen, *real]
    if "findings" in facts["alarm"]:
        commands["alarm"] = [PROGRAM, "alarm", *network, *labels, *words, f"--index={INDEX}", *corrections]
    return commands


def _card(network: Words, tags: Words, filter: str) -> Words:
    return [
        PROGRAM,
        "export",
        "--cards",
        *network,
        f"--index={INDEX}",
        f"--filters={filter}",
        *tags,
        f"--out=cards/{filter.replace(':', '-')}",
    ]


def _figures(network: Words, filter: str, kind: str, names: Sequence[str]) -> Words:
    chosen = [f"--pictures={name}" for name in dict.fromkeys(names)]
    drawn = [f"--scale={STYLE.scale}", f"--index={INDEX}", f"--width={STYLE.width_mm:g}", f"--dpi={STYLE.dpi}"]
    out = f"--out=figures/{filter.replace(':', '-')}-{kind}"
    return [PROGRAM, "export", *network, f"--filters={filter}", *chosen, *drawn, out]
