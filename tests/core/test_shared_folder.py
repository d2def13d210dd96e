"""What pictures are called below the folder that holds them all."""

from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.shared_folder import names_below, shared_folder

PARTS = st.sampled_from(["a", "b", "part 1"])
PATHS = st.lists(
    st.builds(lambda parts, name: Path("/", *parts, name), st.lists(PARTS), st.sampled_from("xy")), min_size=1
)


@given(PATHS)
def test_names_lead_from_the_shared_folder_to_the_pictures(pictures: list[Path]) -> None:
    shared, names = shared_folder(pictures), names_below(pictures)
    assert [shared / name for name in names] == pictures
    assert len(names) == 1 or len({name.parts[0] for name in names}) > 1 or len(names[0].parts) == 1


def test_relative_and_absolute_paths_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = [Path("one/a.png"), tmp_path / "two" / "b.png"]
    assert shared_folder(pictures) == tmp_path
    assert names_below(pictures) == (PurePath("one/a.png"), PurePath("two/b.png"))


def test_no_picture_has_no_folder() -> None:
    assert names_below([]) == ()
    with pytest.raises(UserError, match="No picture was given"):
        shared_folder([])


def test_pictures_on_several_drives_keep_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(paths: list[Path]) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr("os.path.commonpath", refuse)
    names = names_below([Path("/data/a.png"), Path("/other/a.png")])
    assert len(set(names)) == 2
    assert not any(name.is_absolute() for name in names)
    with pytest.raises(UserError, match="several drives"):
        shared_folder([Path("/data/a.png"), Path("/other/a.png")])
