"""What a person sets once: it has a default, it keeps its value, and nonsense in the file counts as nothing."""

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.preferences import ANNOTATOR, DEVICE, LAST_SESSION, PREFERENCES, SCHEME, Preference
from explorer.state.settings import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace, user_name
from tests.networks import save_small
from tests.state.test_workspace import open_both


def other_value(preference: Preference[Any]) -> Any:
    """A value that is not the default."""
    if preference.choices:
        return next(value for value in preference.choices if value != preference.default)
    return not preference.default if isinstance(preference.default, bool) else "Zoë"


@pytest.mark.parametrize("preference", PREFERENCES, ids=lambda preference: preference.name)
def test_a_preference_is_remembered_and_announced_once(
    qtbot: QtBot, tmp_path: Path, preference: Preference[Any]
) -> None:
    settings, told = Settings(tmp_path / "settings.ini"), []
    settings.preference_changed.connect(told.append)
    assert settings.preference(preference) == preference.default
    for _ in range(2):
        settings.set_preference(preference, other_value(preference))
    settings.save()
    assert Settings(tmp_path / "settings.ini").preference(preference) == other_value(preference)
    assert told == [preference]


@pytest.mark.parametrize("preference", [SCHEME, DEVICE, LAST_SESSION], ids=lambda preference: preference.name)
def test_nonsense_in_the_file_counts_as_not_there(tmp_path: Path, preference: Preference[Any]) -> None:
    (tmp_path / "settings.ini").write_text(f"[General]\n{preference.name}=mauve\n")
    assert Settings(tmp_path / "settings.ini").preference(preference) == preference.default


def test_tags_are_given_under_the_name_that_was_set(workspace: Workspace) -> None:
    workspace.settings.set_preference(ANNOTATOR, "Zoë")
    assert workspace.tagging.annotator == "Zoë"
    workspace.settings.set_preference(ANNOTATOR, "")
    assert workspace.tagging.annotator == user_name()


def test_the_last_session_stays_closed_where_that_is_set(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.opening.remember()
    asked: list[object] = []
    workspace.library.network_opening.connect(asked.append)
    workspace.settings.set_preference(LAST_SESSION, False)
    workspace.opening.start(Start())
    assert asked == []
    workspace.settings.set_preference(LAST_SESSION, True)
    with qtbot.waitSignal(workspace.library.network_opened):
        workspace.opening.start(Start())
    assert asked


def test_networks_run_where_that_is_set(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    workspace.settings.set_preference(DEVICE, "cpu")
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    assert workspace.library.request is not None
    assert workspace.library.request.device == "cpu"
