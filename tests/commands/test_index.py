"""`feature-explorer index`: one JSON object, whatever is written."""

import json
from pathlib import Path

import pytest

from explorer.cli import main
from explorer.core.index import open_index
from tests.networks import save_small


def test_one_json_object_says_where_the_csv_is_too(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out, folder = save_small(tmp_path / "small.safetensors"), tmp_path / "i.h5", tmp_path / "csv"
    words = ["index", "--model", str(model), "--device", "cpu", "--images", str(pictures), "--out", str(out)]
    assert main([*words, "--csv", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["path"] == str(out)
    assert said["csv"] == str(folder)
    assert main(["index", "--out", str(out), "--csv", str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"csv": str(tmp_path / "again")}
    assert main([*words, "--csv", str(tmp_path / "third")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "20 filters on 12 pictures" in first
    assert "third: pictures.csv" in second


def test_how_large_it_becomes_is_said_before_it_begins(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = save_small(tmp_path / "small.safetensors"), tmp_path / "i.h5"
    words = ["index", "--model", str(model), "--device", "cpu", "--images", str(pictures), "--out", str(out)]
    size = "20 filters on 12 pictures: the index takes about 1 MB"
    for said in (True, False):  # what is there is only brought up to date
        assert main(words) == 0
        assert (size in capsys.readouterr().err) == said


def test_scales_that_are_lost_are_said_to_be_measured_anew(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = save_small(tmp_path / "small.safetensors"), tmp_path / "i.h5"
    words = ["index", "--model", str(model), "--device", "cpu", "--images", str(pictures), "--out", str(out)]
    assert main(words) == 0
    (tmp_path / "i.parts" / "sample.h5").write_bytes(b"nothing")
    out.unlink()
    capsys.readouterr()
    assert main([*words, "--progress", "json"]) == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["scales" in step["note"] for step in steps if step["stage"] == "note"] == [True]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_an_index_keeps_its_table_s_classes_when_made_again_without_it(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], one_by_one: bool
) -> None:
    model, out, table = save_small(tmp_path / "small.safetensors"), tmp_path / "i.h5", tmp_path / "t.csv"
    names = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png"))
    rows = (f"{name},{'nv' if number % 2 else 'mel'},lesion{number}" for number, name in enumerate(names))
    table.write_text("\n".join(("image,label,lesion_id", *rows)), "utf-8")
    images = [str(pictures / name) for name in names] if one_by_one else [str(pictures)]
    words = ["index", "--model", str(model), "--device", "cpu", "--images", *images, "--out", str(out)]
    assert main([*words, "--labels", str(table)]) == 0
    with open_index(out) as index:
        given, lesions = index.given, dict(index.lesions)
    assert set(given) == {"nv", "mel"}
    assert len(lesions) == len(names)
    capsys.readouterr()
    assert main(words) == 0
    assert "i.h5 keeps the classes it has; --labels CSV gives it others." in capsys.readouterr().err
    with open_index(out) as index:
        assert (index.given, dict(index.lesions)) == (given, lesions)


@pytest.mark.parametrize("command", ["index", "evaluate", "alarm", "mute", "suggest"])
def test_columns_of_no_table_are_refused(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    model = save_small(tmp_path / "small.safetensors")
    network = ["--model", str(model), "--device", "cpu", "--images", str(pictures)]
    assert main(["index", *network, "--out", str(tmp_path / "i.h5")]) == 0
    words = {
        "index": [*network, "--out", str(tmp_path / "i.h5")],
        "evaluate": ["--index", str(tmp_path / "i.h5")],
        "alarm": ["--model", str(model), "--index", str(tmp_path / "i.h5"), "--images", str(pictures)],
        "mute": [*network, "--index", str(tmp_path / "i.h5"), "--filters", "0:1"],
        "suggest": [*network, "--index", str(tmp_path / "i.h5"), "--out", str(tmp_path / "s.csv"), "--probes", "0"],
    }[command]
    capsys.readouterr()
    assert main([command, *words, "--columns", "image=photo"]) == 1
    assert "give the table as --labels CSV" in capsys.readouterr().err


def test_what_is_kept_is_counted_and_removed_with_all_that_was_found_out_with_it(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = save_small(tmp_path / "small.safetensors"), tmp_path / "data"
    words = ["index", "--data", str(data)]
    assert main([*words, "--list"]) == 0
    assert capsys.readouterr().out == "No index is kept.\n"
    assert main([*words, "--model", str(model), "--device", "cpu", "--images", str(pictures), "--kept"]) == 0
    file = next((data / "indexes").glob("*.h5"))
    for name in (".suggestions.csv", ".surround.csv"):
        file.with_suffix(name).write_bytes(b"x" * 5000)
    file.with_suffix(".suggest.parts").mkdir()
    (file.with_suffix(".suggest.parts") / "probes-1.h5").write_bytes(b"x" * 1_000_000)
    rejected = file.with_suffix(".suggestions.rejected.csv")
    rejected.write_bytes(b"layer,filter,rejected\n")
    orphan = data / "indexes" / f"{'0' * 20}.parts"
    orphan.mkdir()
    (orphan / "1.h5").write_bytes(b"x" * 700)
    capsys.readouterr()
    assert main([*words, "--list", "--json"]) == 0
    largest, gone = json.loads(capsys.readouterr().out)["indexes"]
    assert (largest["name"], largest["pictures"], largest["problem"]) == (file.name, 12, "")
    assert (
        largest["bytes"] == sum(path.stat().st_size for path in (data / "indexes").rglob("*") if path.is_file()) - 700
    )
    assert largest["bytes_beside"] == 1_000_000 + 2 * 5000 + rejected.stat().st_size
    assert main([*words, "--list"]) == 0
    assert "(1.0 MB of it what was found out with it)" in capsys.readouterr().out
    assert (gone["name"], gone["bytes"]) == (f"{'0' * 20}.h5", 700)
    assert "gone" in gone["problem"]
    assert main([*words, "--delete", "0" * 20]) == 0
    assert main([*words, "--delete", file.stem]) == 0
    assert f"{rejected} stays: it says which suggestions were rejected." in capsys.readouterr().out
    assert list((data / "indexes").iterdir()) == [rejected]
    assert main([*words, "--list"]) == 0
    assert capsys.readouterr().out == "No index is kept.\n"
