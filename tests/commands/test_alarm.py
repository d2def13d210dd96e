"""`feature-explorer alarm` tells what is worth a look, and says plainly what is missing."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main
from explorer.core.images import picture_digest
from tests.core.index.synthetic_index import write_index
from tests.networks import save_small


@pytest.fixture
def reddish(tmp_path: Path) -> tuple[Path, Path]:
    """An index and its folder: redder pictures are malignant more often, and the score is the redness."""
    random = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    red = np.linspace(100, 220, 32)
    names = tuple(f"p{number:02d}.png" for number in range(32))
    for name, level in zip(names, red, strict=True):
        light = level, random.normal(130, 20), random.normal(110, 25)
        rgb = np.full((40, 40, 3), light) + random.normal(0, 4, (40, 40, 3))
        Image.fromarray(rgb.clip(0, 255).astype(np.uint8)).save(folder / name)
    score = (red - red.mean()) / red.std()
    answers = np.stack([score, np.zeros(32)]).astype(np.float32)
    out = write_index(
        tmp_path / "index.h5",
        answers,
        names=names,
        given=tuple("malignant" if (place >= 16) ^ (place in (8, 13, 18, 22)) else "benign" for place in range(32)),
        logits=np.stack([-score, score], axis=1),
        relevance=np.where(score >= 0, answers, -answers),
        digests=tuple(picture_digest(folder / name) for name in names),
    )
    return out, folder


def test_it_tells_in_words_and_numbers(reddish: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    index, folder = reddish
    assert main(["alarm", "--index", str(index), "--images", str(folder), "--quick"]) == 0
    told = capsys.readouterr().out
    assert "Worth a look: a redder surround." in told
    assert "1 thing worth a look" in told
    assert main(["alarm", "--index", str(index), "--images", str(folder), "--quick", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    finding = found["findings"][0]
    assert finding["artifact"] == "red share"
    assert 0.7 < finding["association"]["value"] < 1
    assert finding["dependence"]["low"] > 0.3
    assert finding["top"][0]["filter"] == "0:0"
    assert finding["muting"] is None
    assert finding["rests"]["with_of_class"][0] == "p31.png"
    assert finding["words"] in told


def test_a_list_of_a_person_is_asked_too(
    reddish: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, folder = reddish
    rows = [f"p{number:02d}.png,{int(number >= 12)}" for number in range(32)]
    (tmp_path / "lists.csv").write_text("\n".join(["image,ruler", *rows]) + "\n")
    words = ["alarm", "--index", str(index), "--images", str(folder), "--quick", "--json"]
    assert main([*words, "--artifacts", str(tmp_path / "lists.csv")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "ruler" in found["artifacts"]
    named = {one["artifact"] for one in found["findings"]} | {
        name for one in found["findings"] for name in one["alongside"]
    }
    assert "ruler" in named


def test_what_is_missing_is_said_in_one_line(
    reddish: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, folder = reddish
    cases = [
        (["--index", str(tmp_path / "none.h5")], "does not exist"),
        (["--index", str(index)], "name it with --images"),
        (["--index", str(index), "--images", str(folder), "--artifacts", str(tmp_path / "no.csv")], "does not exist"),
        (
            ["--index", str(index), "--images", str(folder), "--model", str(save_small(tmp_path / "m.safetensors"))],
            "another network",
        ),
    ]
    for words, expected in cases:
        assert main(["alarm", *words]) == 1
        said = capsys.readouterr().err
        assert expected in said
        assert "Traceback" not in said
