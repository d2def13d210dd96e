"""`feature-explorer mute`: the sentence, the table, the object, the file, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from explorer.cli import main
from explorer.core import labels
from explorer.core.images import read_image
from explorer.core.index import build_index
from explorer.core.maps.activations import predict
from explorer.core.muting import muted_logits
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.networks import open_small, save_small
from trainer.measures.prediction import Prediction
from trainer.synthetic import draw
from trainer.synthetic.picture import encoded


@pytest.fixture
def asked(tmp_path: Path, pictures: Path) -> list[str]:
    """The command on a small network, twelve pictures and their index, up to the filters."""
    model = save_small(tmp_path / "small0.safetensors")
    build_index(open_small(tmp_path), pictures, tmp_path / "index.h5")
    where = ["--images", str(pictures), "--index", str(tmp_path / "index.h5")]
    return ["mute", "--model", str(model), "--device", "cpu", *where, "--random", "20"]


def tagged(tmp_path: Path, word: str) -> Path:
    network = open_small(tmp_path)
    layers = tuple((info.name, info.filters) for info in network.layers)
    book = TagBook(network_digest=network.digest, network_name=network.name, architecture="", layers=layers)
    for key in (FilterKey(3, 1), FilterKey(2, 0)):
        book.add(key, word, annotator="me")
    book.add(FilterKey(0, 0), "border", annotator="me")
    save_tags(tmp_path / "tags.h5", book)
    return tmp_path / "tags.h5"


def test_a_tag_is_muted_and_told(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*asked, "--tags", str(tagged(tmp_path, "hair")), "--tag", "hair"]
    assert main(words) == 0
    said = capsys.readouterr().out
    first = said.splitlines()[0]
    assert first.startswith("Muting the 2 filters tagged hair changes the AUC by ")
    assert "(other sets of filters that are as relevant: only 6)" in first
    assert "the effect of a drawn hair on the score from " in first
    for line in ("sensitivity, malignant from", "calibration error", "drawn hair, logits", "Words: benign = benign"):
        assert line in said
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["filters"] == ["2:0", "3:1"]
    assert told["sentence"][1:] in first
    assert told["random"]["draws"] == len(told["random"]["changes"]) == 6
    assert set(told["mean_auc"]) == {"before", "after", "change"}


def test_a_tag_in_capitals_draws_its_artifact_too(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for written, wanted in (("Hair", "hair"), ("hair", "HAIR")):
        words = [*asked, "--tags", str(tagged(tmp_path, written)), "--tag", wanted, "--random", "0"]
        assert main(words) == 0
        assert "the effect of a drawn hair on the score from " in capsys.readouterr().out


def test_the_written_network_is_the_muted_one(asked: list[str], tmp_path: Path, pictures: Path) -> None:
    out = tmp_path / "muted.safetensors"
    assert main([*asked, "--filters", "3:1,2:0", "--out", str(out), "--artifact", "none"]) == 0
    rgb = read_image(pictures / "benign" / "picture1.png")
    expected = muted_logits(open_small(tmp_path), rgb, [FilterKey(2, 0), FilterKey(3, 1)])
    muted = open_network(out, device="cpu")
    np.testing.assert_allclose(predict(muted, rgb), Prediction(expected).probabilities, atol=1e-5)
    assert muted.training["muted"]["filters"] == ["3:1", "2:0"]


def test_every_filter_by_itself(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*asked, "--agreement"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "muting each of 20 filters by itself" in lines[0]
    assert len(lines) == 7
    assert main([*asked, "--agreement", "--json"]) == 0
    each = json.loads(capsys.readouterr().out)["each_filter"]
    assert len(each) == 20
    assert all(abs(one["margin_change"]) <= one["margin_change_abs"] + 1e-9 for one in each)


def test_the_windows_own_index_is_made_where_none_is_given(
    asked: list[str],
    tmp_path: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    table = tmp_path / "classes.csv"
    rows = [f"{path.name},{'mel' if 'malignant' in str(path) else 'nv'}" for path in sorted(pictures.rglob("*.png"))]
    table.write_text("\n".join(["image,dx", *rows]))
    place = asked.index("--index")
    words = [*asked[:place], *asked[place + 2 :], "--labels", str(table), "--filters", "3:1", "--random", "0", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["words"] == {"mel": "malignant", "nv": "benign"}
    assert told["pictures"] == 12
    assert list((tmp_path / "data").rglob("*.h5"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--filters", "9:1"], "no filter 9:1"),
        (["--filters", "seven"], "names no filter"),
        (["--filters", "3:1", "--artifact", "snow"], "No artifact is called"),
        (["--filters", "3:1", "--with", "mean", "--out", "{tmp}/m.safetensors"], "others at every place"),
        (["--filters", "3:1", "--out", "{tmp}/small0.safetensors"], "--force replaces it"),
        (["--tags", "{tags}", "--tag", "ruler"], 'is tagged "ruler"'),
    ],
)
def test_what_cannot_be_done_is_one_line(
    more: list[str], said: str, asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = tagged(tmp_path, "hair")
    assert main([*asked, *(word.format(tmp=tmp_path, tags=tags) for word in more)]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "m.safetensors").exists()


def test_tags_of_another_network_are_refused(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = open_small(tmp_path, seed=1)
    save_tags(tmp_path / "other.h5", TagBook(network_digest=other.digest, network_name="other"))
    assert main([*asked, "--tags", str(tmp_path / "other.h5"), "--tag", "hair"]) == 1
    assert "another network" in capsys.readouterr().err


def test_wrong_usage_is_told_apart(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for more in (
        [],
        ["--tag", "hair"],
        ["--filters", "3:1", "--threshold", "2"],
        ["--filters", "3:1", "--random", "-1"],
    ):
        with pytest.raises(SystemExit) as ended:
            main([*asked, *more])
        assert ended.value.code == 2
        capsys.readouterr()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--filters", ","], "--filters names no filter; write layer:filter, such as 7:8,7:57"),
        (["--filters", " , ", "--agreement"], "--filters names no filter"),
        (["--filters", ""], "--filters names no filter"),
        (
            ["--agreement", "--out", "m.safetensors"],
            "--out writes the network without the filters of --filters or --tag",
        ),
    ],
)
def test_what_would_be_left_undone_in_silence_is_wrong_usage(
    more: list[str], said: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*asked, *more])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_classes_that_nothing_knows_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flat").mkdir()
    for seed in range(4):
        (tmp_path / "flat" / f"{seed}.png").write_bytes(encoded(draw(seed, size=40).rgb, "PNG"))
    model = save_small(tmp_path / "small0.safetensors")
    build_index(open_small(tmp_path), tmp_path / "flat", tmp_path / "flat.h5")
    words = ["mute", "--model", str(model), "--device", "cpu", "--images", str(tmp_path / "flat"), "--filters", "3:1"]
    assert main([*words, "--index", str(tmp_path / "flat.h5")]) == 1
    assert "--labels" in capsys.readouterr().err


def test_a_table_of_classes_is_read_once(
    asked: list[str], tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{path.name},{path.parent.name}" for path in sorted(pictures.rglob("*.png"))]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *rows]), "utf-8")
    read: list[Path] = []
    reading = labels.read_label_table

    def counted(path: Path, *how: object) -> object:
        read.append(path)
        return reading(path, *how)

    monkeypatch.setattr(labels, "read_label_table", counted)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    words = [*asked, "--labels", str(tmp_path / "labels.csv"), "--filters", "3:1", "--random", "0"]
    where = words.index("--index")
    assert main([*words[:where], *words[where + 2 :]]) == 0
    assert read == [tmp_path / "labels.csv"]
