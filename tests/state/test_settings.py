"""What a person sets once: it has a default, it keeps its value, and nonsense in the file counts as nothing."""

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.settings import ANNOTATOR, DEVICE, LAST_SESSION, SCHEME, SETTINGS, Setting
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace, user_name
from tests.networks import save_small
from tests.state.test_workspace import open_both


def other_value(setting: Setting[Any]) -> Any:
    """A value that is not the default."""
    if setting.choices:
        return next(value for value in setting.choices if value != setting.default)
    return not setting.default if isinstance(setting.default, bool) else "Zoë"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_remembered_and_announced_once(qtbot: QtBot, tmp_path: Path, setting: Setting[Any]) -> None:
    settings, told = Settings(tmp_path / "settings.ini"), []
    settings.setting_changed.connect(told.append)
    assert settings.value(setting) == setting.default
    for _ in range(2):
        settings.set_value(setting, other_value(setting))
    settings.save()
    assert Settings(tmp_path / "settings.ini").value(setting) == other_value(setting)
    assert told == [setting]


@pytest.mark.parametrize("setting", [SCHEME, DEVICE, LAST_SESSION], ids=lambda setting: setting.name)
def test_nonsense_in_the_file_counts_as_not_there(tmp_path: Path, setting: Setting[Any]) -> None:
    (tmp_path / "settings.ini").write_text(f"[General]\n{setting.name}=mauve\n")
    assert Settings(tmp_path / "settings.ini").value(setting) == setting.default


def test_tags_are_given_under_the_name_that_was_set(workspace: Workspace) -> None:
    workspace.settings.set_value(ANNOTATOR, "Zoë")
    assert workspace.tagging.annotator == "Zoë"
    workspace.settings.set_value(ANNOTATOR, "")
    assert workspace.tagging.annotator == user_name()


def test_the_last_session_stays_closed_where_that_is_set(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    workspace.opening.remember()
    asked: list[object] = []
    workspace.library.network_opening.connect(asked.append)
    workspace.settings.set_value(LAST_SESSION, False)
    workspace.opening.start(Start())
    assert asked == []
    workspace.settings.set_value(LAST_SESSION, True)
    with qtbot.waitSignal(workspace.library.network_opened):
        workspace.opening.start(Start())
    assert asked


def test_networks_run_where_that_is_set(qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path) -> None:
    workspace.settings.set_value(DEVICE, "cpu")
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    assert workspace.library.request is not None
    assert workspace.library.request.device == "cpu"
