"""What may be exported, in words, and how it was exported the last time."""

import json
from collections.abc import Mapping
from typing import Any

from explorer.core.counting import counted
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace

NAME = "export/choices"


def filter_choices(workspace: Workspace) -> list[tuple[str, str]]:
    """(words, the selectors that mean it), as `explorer.core.selection` reads them, the nearest first."""
    view, network = workspace.session.view, workspace.library.network
    layers = network.layers if network is not None else ()
    every = sum(layer.filters for layer in layers)
    found = [(f"this filter, {view.layer}:{view.filter}", f"{view.layer}:{view.filter}")]
    if view.layer < len(layers):
        found.append((f"this layer, {counted(layers[view.layer].filters, 'filter')}", str(view.layer)))
    keys: dict[str, set[object]] = {}
    for key, tag in workspace.tagging.book.entries():
        keys.setdefault(tag.tag, set()).add(key)
    found += [(f"tagged {word}, {counted(len(tagged), 'filter')}", f"tag:{word}") for word, tagged in keys.items()]
    return [*found, (f"all filters, {every:,}", "all")]


def last_choices(settings: Settings) -> Mapping[str, Any]:
    """What was chosen the last time; nothing where it is damaged."""
    try:
        found = json.loads(settings.text(NAME, "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remember_choices(settings: Settings, chosen: Mapping[str, Any]) -> None:
    """Offer these the next time."""
    settings.set_text(NAME, json.dumps(dict(chosen)))
