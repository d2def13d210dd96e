import argparse
import json
import subprocess
import sys

import pytest

from explorer.commands import tags as command
from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.core.tags.lock import TagLock

LAYERS = (("features.0", 8), ("features.17", 64))


@pytest.fixture
def file(tmp_path):
    book = TagBook("ab" * 32, "demo.safetensors", "scratch", LAYERS)
    book.add(FilterKey(1, 8), "hair", annotator="me", note="\x1b[2J\nnote", created="2026-01-01", confidence=0.5)
    book.add(FilterKey(0, 1), "none", annotator="me", created="2026-01-01")
    save_tags(tmp_path / "tags.h5", book)
    return tmp_path / "tags.h5"


def run(*words):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(dest="command"))
    arguments = parser.parse_args(["tags", *map(str, words)])
    return arguments.run(arguments)


def test_list_shows_every_tag_and_nothing_that_steers_the_terminal(file, capsys):
    assert run("list", file) == 0
    head, none, hair = capsys.readouterr().out.splitlines()
    assert head == "demo.safetensors abababababab: 2 of 72 filters tagged, 2 tags"
    assert none.split()[:3] == ["0:1", "none", "me"]
    assert hair.startswith("1:8  hair")
    assert "\x1b" not in hair


def test_list_prints_one_json_object(file, capsys):
    assert run("list", file, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["digest"] == "ab" * 32
    assert values["layers"][1] == {"index": 1, "name": "features.17", "filters": 64}
    assert [tag["confidence"] for tag in values["tags"]] == [None, 0.5]
    assert values["tags"][1] == {
        "layer": 1,
        "filter": 8,
        "tag": "hair",
        "detail": "",
        "note": "\x1b[2J\nnote",
        "annotator": "me",
        "created": "2026-01-01T00:00:00Z",
        "confidence": 0.5,
        "evidence": {},
    }


def test_an_empty_file_is_listed(tmp_path, capsys):
    save_tags(tmp_path / "tags.h5", TagBook())
    assert run("list", tmp_path / "tags.h5") == 0
    assert capsys.readouterr().out == "an unnamed network: 0 filters tagged, 0 tags\n"


def test_export_and_import_bring_a_book_to_another_file(file, tmp_path, capsys):
    out, other = tmp_path / "out.csv", tmp_path / "other.h5"
    assert run("export", file, "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "tags": 2}
    save_tags(other, load_tags(file).empty_copy())
    assert run("import", other, "--from", out, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"added": 2, "changed": 0, "unchanged": 0, "problems": []}
    assert load_tags(other) == load_tags(file)
    assert load_tags(other.with_name("other.h5.bak")).total == 0
    assert run("import", other, "--from", out) == 0
    assert "2 unchanged" in capsys.readouterr().out


def test_what_exists_is_replaced_only_when_told(file, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("precious")
    with pytest.raises(UserError, match="--force"):
        run("export", file, "--out", out)
    assert out.read_text() == "precious"
    assert run("export", file, "--out", out, "--force") == 0
    with pytest.raises(UserError, match="--force"):
        run("merge", file, file, "--out", out)
    with pytest.raises(UserError, match="itself"):
        run("export", file, "--out", file, "--force")
    assert load_tags(file).total == 2


def test_refused_rows_are_said_and_the_others_imported(file, tmp_path, capsys):
    source = tmp_path / "in.csv"
    source.write_text("layer,filter,tag\n7,0,hair\n1,9,color\n")
    assert run("import", file, "--from", source) == 1
    said = capsys.readouterr()
    assert f"{source}, line 2: There is no filter 7:0" in said.err
    assert "1 added, 0 changed, 0 unchanged, 1 refused" in said.out
    assert FilterKey(1, 9) in load_tags(file)
    source.write_text("layer,filter,tag\n7,0,hair\n")
    with pytest.raises(UserError, match="line 2"):
        run("import", file, "--from", source)


def test_a_file_that_is_open_in_a_window_is_not_changed(file, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("layer,filter,tag\n1,9,color\n")
    before = file.read_bytes()
    with TagLock(file), pytest.raises(UserError, match="another window"):
        run("import", file, "--from", source)
    assert file.read_bytes() == before
    with pytest.raises(UserError, match="does not exist"):
        run("import", tmp_path / "no.h5", "--from", source)
    assert not (tmp_path / "no.h5.lock").exists()


def test_merge_puts_two_peoples_files_together(file, tmp_path, capsys):
    book = load_tags(file).empty_copy()
    book.add(FilterKey(1, 8), "border", annotator="you")
    book.add(FilterKey(0, 1), "none", annotator="you")
    book.add(FilterKey(0, 2), "hair", annotator="you")
    save_tags(tmp_path / "yours.h5", book)
    assert run("merge", file, tmp_path / "yours.h5", "--out", tmp_path / "both.h5") == 0
    assert "1 with the same words, 1 with different ones" in capsys.readouterr().out
    assert load_tags(tmp_path / "both.h5").total == 5
    assert run("merge", file, tmp_path / "yours.h5", "--out", tmp_path / "both.h5", "--force", "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["agreed"], values["disagreed"], values["only_second"]) == (1, 1, 1)
    assert values["disagreements"] == ["1:8"]


def test_different_networks_are_merged_only_when_told(file, tmp_path):
    save_tags(tmp_path / "other.h5", TagBook("cd" * 32, "other.pt"))
    with pytest.raises(UserError, match=r"demo\.safetensors .* and other\.pt"):
        run("merge", file, tmp_path / "other.h5", "--out", tmp_path / "both.h5")
    assert not (tmp_path / "both.h5").exists()
    assert run("merge", file, tmp_path / "other.h5", "--out", tmp_path / "both.h5", "--different-networks") == 0


def test_neither_qt_nor_torch_is_needed(file):
    program = f"""
import sys
for name in ("PySide6", "torch", "torchvision", "pyqtgraph"):
    sys.modules[name] = None
import argparse
from explorer.commands import tags
parser = argparse.ArgumentParser()
tags.add_parser(parser.add_subparsers())
arguments = parser.parse_args(["tags", "list", {str(file)!r}])
sys.exit(arguments.run(arguments))
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    assert "1:8" in child.stdout
