"""What may be exported, in words, and how it was exported the last time."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from explorer.core.counting import counted
from explorer.core.tags.book import FilterKey
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace

NAME = "export/choices"
LAYER, EVERY = "layer", "all"
"""Kinds of choices as they are remembered: the layer in view, whichever that is, and every filter."""


def filter_choices(workspace: Workspace) -> list[tuple[str, str]]:
    """(words, the selectors that mean it), as `explorer.core.selection` reads them, the nearest first."""
    view, network = workspace.session.view, workspace.library.network
    layers = network.layers if network is not None else ()
    every = sum(layer.filters for layer in layers)
    choices = [(f"this filter, {view.layer}:{view.filter}", f"{view.layer}:{view.filter}")]
    if view.also:
        selected = workspace.selection.keys
        choices.insert(0, (f"the {counted(len(selected), 'selected filter')}", as_selectors(selected)))
    if view.layer < len(layers):
        choices.append((f"this layer, {counted(layers[view.layer].filters, 'filter')}", str(view.layer)))
    keys: dict[str, set[object]] = {}
    for key, tag in workspace.tagging.book.entries():
        keys.setdefault(tag.tag, set()).add(key)
    choices += [(f"tagged {word}, {counted(len(tagged), 'filter')}", f"tag:{word}") for word, tagged in keys.items()]
    return [*choices, (f"all filters, {every:,}", EVERY)]


def kept_words(selectors: str, layer: int) -> str:
    """The kind of a choice of filters while `layer` is in view, which is remembered; "" for some filters by number."""
    if selectors == str(layer):
        return LAYER
    return selectors if selectors == EVERY or selectors.startswith("tag:") else ""


def chosen_again(workspace: Workspace) -> str:
    """The selectors of the filters to begin with: those that are selected, else of the kind that was chosen last, where
    there still are such."""
    choices, last = [selectors for _, selectors in filter_choices(workspace)], last_choices(workspace.settings)
    kept = str(workspace.session.view.layer) if last.get("filters") == LAYER else last.get("filters")
    return kept if isinstance(kept, str) and kept in choices and not workspace.session.view.also else choices[0]


def picture_choices(workspace: Workspace, listed: tuple[Path, ...]) -> list[tuple[str, tuple[Path, ...]]]:
    """(words, the pictures that they mean); `listed` are those in the list of pictures.

    The last choice is remembered by its place, so that what is not always there comes last.
    """
    view, folder = workspace.session.view, workspace.library.folder
    every = tuple(folder.pictures) if folder else ()
    start = listed.index(view.picture) if view.picture in listed else 0
    starred = tuple(picture for picture in every if picture in workspace.starred)
    choices = [
        ("this picture", (view.picture,) if view.picture else ()),
        ("ten pictures from this one on", listed[start : start + 10]),
        (f"the {counted(len(listed), 'picture')} in the list", listed),
        (f"all of the folder: {counted(len(every), 'picture')}", every),
    ]
    return [*choices, (f"with a star: {counted(len(starred), 'picture')}", starred)] if starred else choices


def as_selectors(keys: Sequence[FilterKey]) -> str:
    """Filters as `explorer.core.selection` reads them, neighbours as a range: 7:0-2,7:5."""
    runs: list[list[FilterKey]] = []
    for key in sorted(keys):
        if runs and runs[-1][-1] == FilterKey(key.layer, key.filter - 1):
            runs[-1].append(key)
        else:
            runs.append([key])
    return ",".join(f"{run[0]}-{run[-1].filter}" if len(run) > 1 else str(run[0]) for run in runs)


def last_choices(settings: Settings) -> Mapping[str, Any]:
    """What was chosen the last time; nothing where it is damaged."""
    try:
        choices = json.loads(settings.text(NAME, "{}"))
    except (ValueError, RecursionError):
        return {}
    return choices if isinstance(choices, dict) else {}


def remember_choices(settings: Settings, chosen: Mapping[str, Any]) -> None:
    """Offer these the next time."""
    settings.set_text(NAME, json.dumps(dict(chosen)))
