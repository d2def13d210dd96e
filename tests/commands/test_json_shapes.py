"""What scripts find in the object that a command prints with --json: its names, nested as they are, and what is there.

`UPDATE_GOLDEN=1` records them anew where a change is meant.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from explorer.cli import main
from explorer.core.index import build_index
from explorer.core.tags import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.conftest import ROOT
from tests.networks import open_small, save_small
from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main as trainer

SHAPES = ROOT / "tests" / "golden" / "commands" / "json-shapes.json"
COMMANDS = {
    "layers": "{network}",
    "export": "{network} {images} --filters 3:1 --out {out} --format png --dpi 40",
    "occlude": "{network} --image {image} --target class:malignant --out {out}.npz",
    "lens saliency": "{network} --image {image} --target class:malignant --out {out}.npz",
    "index": "{network} {images} --out {out}.h5",
    "evaluate": "{network} {images} --index {index}",
    "mute": "{network} {images} --index {index} --filters 3:1 --random 4",
    "compare": "{network} --with {other} {images} --out {out}.csv",
    "what-if": "{network} {images} --gamma 1.3 --out {out}.csv",
    "suggest": "{network} {images} --index {index} --out {out}.csv",
    "report": "{network} {images} --index {index} --tags {tags} --out {out}.html",
    "tags list": "{tags}",
}


def shape(value: Any) -> Any:
    """The names of a JSON value, nested: of a list those of its first entry; a number or none is a value."""
    if isinstance(value, dict):
        return {name: shape(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "text" if isinstance(value, str) else "flag" if isinstance(value, bool) else "value"


@pytest.fixture
def places(tmp_path: Path, pictures: Path) -> dict[str, str]:
    """What stands for the names in `COMMANDS`."""
    model, other = save_small(tmp_path / "small0.safetensors"), save_small(tmp_path / "other.safetensors", seed=1)
    network = open_small(tmp_path)
    build_index(network, pictures, tmp_path / "index.h5")
    layers = tuple((info.name, info.filters) for info in network.layers)
    book = TagBook(network_digest=network.digest, network_name=network.name, architecture="", layers=layers)
    book.add(FilterKey(3, 1), "hair", annotator="me")
    save_tags(tmp_path / "tags.h5", book)
    return {
        "network": f"--model {model} --device cpu",
        "other": str(other),
        "images": f"--images {pictures}",
        "image": str(pictures / "benign" / "picture1.png"),
        "index": str(tmp_path / "index.h5"),
        "tags": str(tmp_path / "tags.h5"),
        "out": str(tmp_path / "out"),
    }


def compared(name: str, found: Any) -> None:
    known = json.loads(SHAPES.read_text("utf-8")) if SHAPES.exists() else {}
    if os.environ.get("UPDATE_GOLDEN"):
        known[name] = shape(found)
        SHAPES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
    assert shape(found) == known[name]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_object_has_the_names_that_scripts_know(
    command: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = COMMANDS[command].format(**places).split()
    assert main([*command.split(), *words, "--json"]) == 0
    compared(command, json.loads(capsys.readouterr().out))


def test_so_it_has_in_the_trainer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn_cohort(tmp_path / "c.h5", 20)
    trainer(["describe", str(tmp_path / "c.h5"), "--json"])
    compared("describe", json.loads(capsys.readouterr().out))
