"""`feature-explorer compare`: two networks on one folder, and one CSV."""

import csv
import json
from pathlib import Path

import pytest

from explorer.cli import main
from tests.networks import save_small
from trainer.networks.checkpoint import load, save


def words(tmp_path: Path, pictures: Path, *more: str) -> list[str]:
    one, other = (save_small(tmp_path / f"n{seed}.safetensors", seed=seed) for seed in (0, 1))
    given = ["--model", str(one), "--with", str(other), "--images", str(pictures), "--device", "cpu"]
    return ["compare", *given, "--out", str(tmp_path / "report.csv"), *more]


def test_a_report_is_written_and_summed_up(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = words(tmp_path, pictures)
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "matched on 6 pictures" in said
    assert "of 12 predictions differ" in said
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text("utf-8").splitlines()))
    assert [row["kind"] for row in rows].count("picture") == 12
    assert {row["picture"] for row in rows if row["kind"] == "picture"} >= {"benign/picture1.png"}
    assert main(asked) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*asked, "--force", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 12
    assert told["changed_predictions"] == sum(row["changed"] == "yes" for row in rows)
    assert [one["filters"] for one in told["layers"]] == [4, 4, 6, 6]


def test_filters_of_the_same_number_are_compared_where_that_is_asked_for(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path, pictures, "--match", "number")) == 0
    said = capsys.readouterr().out
    assert "Filters of the same number, strength (correlation of peaks) on 6 pictures" in said
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text("utf-8").splitlines()))
    of_filters = [row for row in rows if row["kind"] == "filter"]
    assert all(row["match"] == row["filter"] and row["strength"] == row["same_number"] for row in of_filters)


def test_silent_filters_are_told_apart_from_changed_ones(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(tmp_path, pictures, "--force")
    for seed, silent in ((0, (1, 2)), (1, (1, 3))):
        checkpoint = load(tmp_path / f"n{seed}.safetensors")
        checkpoint.weights["features.0.bias"][list(silent)] = -50
        save(tmp_path / f"n{seed}.safetensors", checkpoint)
    assert main(asked) == 0
    said = capsys.readouterr().out.splitlines()
    changed = next(line for line in said if line.startswith("Changed most: "))
    assert not {"0:1", "0:2"} & set(changed.replace(",", " ").split())
    assert "Silent in both networks: " in "\n".join(said)
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text("utf-8").splitlines()))
    of_first = {row["filter"]: row for row in rows if row["kind"] == "filter" and row["layer"] == "0"}
    assert (of_first["1"]["match"], of_first["1"]["silent"], of_first["1"]["strength"]) == ("1", "both", "")
    assert of_first["0"]["silent"] == ""


def test_a_network_has_not_changed_from_itself(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(tmp_path, pictures)
    asked[asked.index("--with") + 1] = asked[asked.index("--model") + 1]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "No filter has changed." in said
    assert "Changed most" not in said


def test_one_index_alone_is_wrong_usage(tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words(tmp_path, pictures, "--index", str(tmp_path / "i.h5")))
    assert ended.value.code == 2
