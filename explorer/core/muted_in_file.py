"""Filters that are muted in a network's file, which makes it another than the one that was trained."""

import re
from collections.abc import Mapping
from typing import Any

from explorer.core.counting import counted

MUTED = "muted"
"""The key in a checkpoint's `training` that says which filters are muted, and how."""
NOT_TRAINED = "Not the trained network: filters are muted in this file."
"""What is said where there is little room."""
LISTED = 12
"""Filters that are named one by one."""
_SENTENCE = re.compile(r"(?:\d[\d,]* filters? muted \([^()]*\): not the real network(?:\. |$))+")


def muted_filters(training: Mapping[str, Any]) -> dict[str, str]:
    """What stands for the map of each muted filter ("zero", "constant") by its key; empty where none is muted."""
    record = training.get(MUTED)
    if not isinstance(record, Mapping) or not isinstance(record.get("filters"), list):
        return {}
    fills = record.get("fill", "")
    by_fill = fills if isinstance(fills, Mapping) else {str(fills): record["filters"]}
    of_each = {str(key): str(fill) for fill, keys in by_fill.items() if isinstance(keys, list) for key in keys}
    return {str(key): of_each.get(str(key), "") for key in record["filters"]}


def muted_sentence(training: Mapping[str, Any]) -> str:
    """That a network is not the trained one, and which filters are muted in its file; "" where none is."""
    filters = muted_filters(training)
    if not filters:
        return ""
    names = ", ".join(list(filters)[:LISTED]) + (" …" if len(filters) > LISTED else "")
    of = training[MUTED].get("of")
    trained = f"the trained network {of}" if isinstance(of, str) and of else "the trained network"
    verb = "is" if len(filters) == 1 else "are"
    return f"Not {trained}: {counted(len(filters), 'filter')} {verb} muted in this file ({names})."


def meaning_of(training: Mapping[str, Any]) -> str:
    """What a network's classes mean, as its file says; without the words in it that filters are muted."""
    return _SENTENCE.sub("", str(training.get("meaning") or ""))
