"""Which pictures show one lesion: as the table of --labels says, else as the index knows, in every command alike."""

import json
from pathlib import Path

import pytest

from explorer.cli import main
from explorer.core.index import build_index
from explorer.core.suggestions import read_suggestions
from tests.networks import open_small, save_small

HEAD = "picture,what,of"
COLUMNS = "image=picture,label=what,lesion=of"


@pytest.fixture
def place(tmp_path: Path, pictures: Path) -> Path:
    """A network, an index that knows no lesions, one that knows those of a table, and the table."""
    network = open_small(tmp_path)
    save_small(tmp_path / "m.safetensors")
    rows = [
        f"{path.name},{path.parent.name},L{place // 2}" for place, path in enumerate(sorted(pictures.rglob("*.png")))
    ]
    (tmp_path / "plain.csv").write_text("\n".join(["image,label,lesion_id", *rows]), "utf-8")
    (tmp_path / "own.csv").write_text("\n".join([HEAD, *rows, "gone.png,benign,L0"]), "utf-8")
    build_index(network, pictures, tmp_path / "without.h5")
    build_index(network, pictures, tmp_path / "with.h5", labels=tmp_path / "plain.csv")
    return tmp_path


def words_of(command: str, place: Path, pictures: Path, index: str) -> list[str]:
    words = [command, "--model", str(place / "m.safetensors"), "--device", "cpu", "--images", str(pictures), "--json"]
    words += ["--index", str(place / index)]
    return (
        words
        + {
            "mute": ["--filters", "3:1", "--random", "0"],
            "evaluate": [],
            "alarm": ["--quick"],
            "suggest": ["--probes", "0", "--out", str(place / "s.csv")],
        }[command]
    )


def over_lesions(command: str, told: dict[str, object]) -> bool:
    """What the command says of the lesions that it knew: the six that are on two pictures each, or none."""
    if command == "suggest":
        assert told["lesions"] in (0, 6)
        return told["lesions"] == 6
    assert told["drawn_over"] in ("lesions", "pictures")
    return told["drawn_over"] == "lesions"


@pytest.mark.parametrize("command", ["mute", "evaluate", "suggest"])
def test_lesions_come_from_the_table_else_from_the_index(
    command: str, place: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, more, known in (
        ("without.h5", [], False),
        ("with.h5", [], True),
        ("without.h5", ["--labels", str(place / "own.csv"), "--columns", COLUMNS], True),
    ):
        assert main([*words_of(command, place, pictures, index), *more]) == 0
        told, said = capsys.readouterr()
        assert over_lesions(command, json.loads(told)) == known
        assert ("1 more in the table is of another picture" in said) == bool(more)


def test_the_alarm_counts_one_picture_a_lesion_and_says_what_is_odd_about_the_table(
    place: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of six lesions too little can be said, and why is what it ends with."""
    for index, more, known in (
        ("without.h5", [], False),
        ("with.h5", [], True),
        ("without.h5", ["--labels", str(place / "own.csv"), "--columns", COLUMNS], True),
    ):
        assert main([*words_of("alarm", place, pictures, index), *more]) == 1
        said = capsys.readouterr().err
        assert ("6 more pictures of the same lesions do not count" in said) == known
        assert ("1 more in the table" in said) == bool(more)


def test_muting_says_over_what_it_drew(place: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index, over in (("with.h5", "lesions"), ("without.h5", "pictures")):
        words = words_of("mute", place, pictures, index)
        words.remove("--json")
        assert main(words) == 0
        assert f"intervals over {over}." in capsys.readouterr().out


def test_suggestions_take_the_columns_of_a_table(place: Path, pictures: Path) -> None:
    words = words_of("suggest", place, pictures, "without.h5")
    assert main([*words, "--labels", str(place / "own.csv"), "--columns", COLUMNS]) == 0
    assert len(read_suggestions(place / "s.csv").rows) == 20


def test_the_window_s_own_index_keeps_the_classes_and_lesions_of_its_table(
    place: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mutes without the table takes nothing from the window that opened it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
    text = (place / "plain.csv").read_text("utf-8").replace(",benign,", ",nv,").replace(",malignant,", ",mel,")
    (place / "words.csv").write_text(text, "utf-8")
    words = words_of("mute", place, pictures, "")
    del words[words.index("--index") : words.index("--index") + 2]
    for more in (["--labels", str(place / "words.csv")], []):
        assert main([*words, *more]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["drawn_over"] == "lesions"
        assert set(told["words"]) == {"nv", "mel"}
