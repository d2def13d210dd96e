"""`feature-explorer index`: one JSON object, whatever is written."""

import json
from pathlib import Path

import pytest

from explorer.cli import main
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
