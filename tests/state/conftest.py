from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace
from tests.conftest import ROOT


@pytest.fixture
def workspace(qtbot: QtBot, tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    yield made
    made.close()
