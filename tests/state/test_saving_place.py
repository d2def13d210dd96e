"""A dialog that saves proposes a folder that a person sees and can write to."""

from pathlib import Path

import pytest

import resources
from explorer.state.saving_place import remember_place, saving_place
from explorer.state.settings_file import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("home", "data", "seen/pictures", "tags", "hidden/.pictures/set", "last"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Settings(tmp_path / "data" / "feature-map-explorer" / "settings.ini")


def test_it_is_beside_the_pictures_until_something_was_saved_elsewhere(settings: Settings, tmp_path: Path) -> None:
    pictures = tmp_path / "seen" / "pictures"
    assert saving_place(settings, None, pictures) == tmp_path / "seen"
    assert saving_place(settings, tmp_path / "tags", pictures) == tmp_path / "tags"
    remember_place(settings, tmp_path / "last" / "report.html")
    assert saving_place(settings, None, pictures) == tmp_path / "last"
    (tmp_path / "last").rmdir()
    assert saving_place(settings, None, pictures) == tmp_path / "seen"


@pytest.mark.parametrize("wanted", ["data/feature-map-explorer", "hidden/.pictures", "nowhere", "resources"])
def test_what_nobody_sees_is_not_proposed(settings: Settings, tmp_path: Path, wanted: str) -> None:
    place = Path(resources.__file__).parent / "demo" if wanted == "resources" else tmp_path / wanted
    found = saving_place(settings, place, place / "set")
    assert found.is_relative_to(tmp_path / "home")
    assert saving_place(settings, place, tmp_path / "seen" / "pictures") == tmp_path / "seen"
