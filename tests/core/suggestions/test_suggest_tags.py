"""Suggestions are made of an index by a command: resumable, the same from two processes, clear about what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from explorer.cli import main
from explorer.core.alignment.marks import SETS
from explorer.core.alignment.measure import measure
from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.core.index.shared_work import ALONE
from explorer.core.progress import Cancelled, no_step
from explorer.core.suggestions import (
    Suggestion,
    Suggestions,
    SuggestOptions,
    aligning,
    marking,
    read_suggestions,
    suggest,
)
from explorer.core.suggestions.chart import Bar, Bars, Chart
from explorer.core.suggestions.csv_file import COLUMNS, write_suggestions
from explorer.core.suggestions.marking import mark_all
from explorer.core.suggestions.pictures import choose
from explorer.core.suggestions.suggestion import HeldOut
from explorer.core.suggestions.table import read_table
from explorer.core.tags import FilterKey
from tests.apart import commanding
from tests.conftest import ROOT
from tests.networks import open_small, save_small
from trainer.synthetic.picture import write_folder

FEW = SuggestOptions(probes=2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A small network, six drawn pictures and their index."""
    write_folder(tmp_path / "drawn", 6, size=64)
    network = open_small(tmp_path)
    save_small(tmp_path / "network.safetensors")
    build_index(network, tmp_path / "drawn" / "images", tmp_path / "index.h5")
    return tmp_path


def words(place: Path, out: str, *more: str) -> list[str]:
    """The command line."""
    return [
        "suggest", "--model", str(place / "network.safetensors"), "--index", str(place / "index.h5"),
        "--images", str(place / "drawn" / "images"), "--probes", "2", "--out", str(place / out), *more,
    ]  # fmt: skip


def test_the_command_writes_a_row_for_each_filter(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(place, "suggestions.csv", "--chance", "2")) == 0

    head, *rows = (place / "suggestions.csv").read_text().splitlines()
    assert head.split(",")[:6] == ["layer", "filter", "tag", "detail", "strength", "reason"]
    assert head.split(",") == list(COLUMNS)
    assert len(rows) == 20
    told = capsys.readouterr().out
    assert "0 of 20 filters have a suggestion" in told  # six pictures conclude nothing
    assert "by chance, 2 x with other pictures' masks and moved maps: 0.0 % of the filters" in told


def test_masks_may_be_given(place: Path) -> None:
    masks = place / "drawn" / "masks" / "lesion"

    assert main(words(place, "with.csv", "--masks", str(masks))) == 0
    assert len(read_suggestions(place / "with.csv").rows) == 20


def test_what_a_person_did_not_see_has_no_mark(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hairy(rgb: np.ndarray, *, lesion: np.ndarray | None = None) -> dict[str, np.ndarray]:
        return {name: np.ones(rgb.shape[:2], np.float32) for name in ("lesion", "hair")}

    monkeypatch.setattr(marking, "concept_maps", hairy)
    spec, hair = open_small(place).input, SETS.index("hair")
    with open_index(place / "index.h5") as index:
        first, second, *_ = index.pictures
        said = {first: {"hair": False, "ruler": False}, second: {"hair": True}}
        plain = choose(index, place / "drawn" / "images", None, 6)
        chosen = choose(index, place / "drawn" / "images", None, 6, said)
        marks = mark_all(chosen, spec, index.path, "some way", no_step, ALONE)
        found = {one.name: bool(its.sets[hair].any()) for one, its in zip(chosen, marks, strict=True)}
        assert found == {name: name != first for name in index.pictures}
        before = mark_all(plain, spec, index.path, "some way", no_step, ALONE)
        assert all(one.sets[hair].all() for one in before), "what was kept of the corrected picture is another's"
    assert {one.name for one in chosen} - {one.name for one in plain} == set()
    assert [one.id == other.id for one, other in zip(chosen, plain, strict=True)].count(False) == 1


def test_lists_of_artifacts_may_be_given(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_index(place / "index.h5") as index:
        name = Path(index.pictures[0]).name
    (place / "said.csv").write_text(f"image,hair\n{name},0\nelsewhere,1\n", "utf-8")
    assert main(words(place, "s.csv", "--artifacts", str(place / "said.csv"))) == 0
    assert "1 name without one picture here, elsewhere first" in capsys.readouterr().err
    assert len(read_suggestions(place / "s.csv").rows) == 20
    assert main(words(place, "s.csv", "--artifacts", str(place / "gone.csv"))) == 1
    assert "gone.csv does not exist" in capsys.readouterr().err


def test_what_was_measured_is_not_measured_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    monkeypatch.setattr(aligning, "measure", lambda *given: counted.append(1) or measure(*given))
    monkeypatch.setattr(aligning, "LARGEST_BATCH", 2)
    network = open_small(place)

    def stop_in_the_middle(done: int, total: int) -> None:
        if len(counted) >= 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        suggest(network, place / "index.h5", place / "drawn" / "images", options=FEW, on_step=stop_in_the_middle)
    before = len(counted)
    found = suggest(network, place / "index.h5", place / "drawn" / "images", options=FEW)

    assert len(counted) == before + 4  # the pair that was whole was kept
    again = suggest(network, place / "index.h5", place / "drawn" / "images", options=FEW)
    assert len(counted) == before + 4
    assert again == found


def test_two_processes_find_what_one_finds(place: Path) -> None:
    other = commanding(main, words(place, "two.csv"))
    assert main(words(place, "one.csv")) == 0

    other.join(200)
    assert other.exitcode == 0
    assert (place / "one.csv").read_bytes() == (place / "two.csv").read_bytes()


def test_another_networks_index_is_refused(place: Path) -> None:
    with pytest.raises(UserError, match="index of another network"):
        suggest(open_small(place, seed=1), place / "index.h5", place / "drawn" / "images", options=FEW)


def test_other_pictures_are_refused(place: Path) -> None:
    (place / "empty").mkdir()

    with pytest.raises(UserError, match=r"lacks .* more of the index's pictures"):
        suggest(open_small(place), place / "index.h5", place / "empty", options=FEW)


def test_suggestions_come_back_from_their_file(tmp_path: Path) -> None:
    rows = (
        Suggestion(
            FilterKey(7, 57), "border", "bottom", 3.25, 'answers 4.1 x, "more"\nthan', "border", 4.125, 0.5, 0.25,
            0.75, 0.001, 500, ("color, dark (1.5)", "hair (1.0)"), "turned -0.5", 0.125,
            HeldOut(0.5, 0.25, 0.75, 0.001, 167),
            Chart((Bars("mean", (Bar("rim °", 0.5, True, 0.2, 0.75), Bar("skin", -0.125))),), (0.5,) * 8, (0.25,) * 8),
        ),
        Suggestion(FilterKey(7, 58), "", "", 0.0, "=nothing clear"),
    )  # fmt: skip
    write_suggestions(tmp_path / "s.csv", Suggestions(rows))
    found = read_suggestions(tmp_path / "s.csv").rows

    assert found[0] == rows[0]
    assert repr(found[1]) == repr(rows[1])
    assert (tmp_path / "s.csv").read_text().count("'=nothing") == 1


def test_a_file_without_charts_is_read(tmp_path: Path) -> None:
    row = "7,57,border,bottom,3.25,why,,0.001,500,border,4.1,0.5,0.2,0.7,,0.1,0.5,0.2,0.7,0.001,167"
    (tmp_path / "s.csv").write_text(f"{','.join(COLUMNS[:-1])}\n{row}\n")
    found = read_suggestions(tmp_path / "s.csv").rows[0]

    assert found.words == "border, bottom"
    assert found.chart == Chart()


@pytest.mark.parametrize("content", ["", "layer,filter\n1,2\n", "\x00"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.csv").write_text(content)

    with pytest.raises(UserError, match="make them again"):
        read_suggestions(tmp_path / "s.csv")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('concept = "hair"', 'concept = "moon"', "is not measured"),
        ("least = 0.16", "least = 0", "above 0"),
        ("significant = 0.05", "", "significant"),
        ("lab = [-1.0, 0.0, 0.0]", "lab = [1.0]", "three numbers"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, before: str, after: str, told: str) -> None:
    bundled = (ROOT / "resources" / "suggestions.toml").read_text()
    assert before in bundled
    (tmp_path / "table.toml").write_text(bundled.replace(before, after, 1))

    with pytest.raises(UserError, match=told):
        read_table(tmp_path / "table.toml")
