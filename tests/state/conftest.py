from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.desk import Desk
from explorer.state.settings import Settings
from tests.conftest import ROOT


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(Settings(tmp_path / "home" / "settings.ini"), ROOT / "resources")
    yield made
    made.close()
