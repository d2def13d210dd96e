import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score
from torch import nn

from tests.networks import SMALL, save_small
from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort.cohort import open_cohort
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.inference import logits_of
from trainer.evaluation.subgroups import subgroups
from trainer.files.errors import UserError
from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.prediction import Prediction
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import InputSpec

CPU = torch.device("cpu")
SEVEN = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")


class Colors(nn.Module):
    """A network that answers with the mean of the first channels: known without a forward pass."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        red = pictures.mean((2, 3))[:, :1]
        return torch.cat([-10 * (red - place / max(self.classes - 1, 1)) ** 2 for place in range(self.classes)], 1)


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec((32, 32), "squash", 32),
        InputSpec((24, 20), "shortest", 32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
        InputSpec((32, 32), "squash", 40),
        InputSpec((48, 48), "squash", 40),
        InputSpec((24, 24), "squash", 32, (0.5,), (0.25,)),
    ],
)
def test_every_picture_is_prepared_as_the_explorer_prepares_it(spec: InputSpec) -> None:
    class Echo(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            assert not torch.is_autocast_enabled("cpu")
            return pictures.flatten(1)

    pictures = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)
    found = logits_of(Echo().train(), pictures, spec, CPU, batch=3)
    known = np.stack([spec.prepare(picture).flatten().numpy() for picture in pictures])
    assert (found == known).all()


def test_batches_do_not_matter_and_progress_ends_at_the_end(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 30))
    positions = cohort.positions("train")
    spec, steps, module = InputSpec((32, 32), "squash", 32), [], Colors().train()
    found = logits_of(module, (cohort, positions), spec, CPU, batch=4, on_step=lambda *step: steps.append(step))
    assert module.training, "left as it was"
    assert (found == logits_of(module, cohort.pictures(positions), spec, CPU, batch=100)).all()
    assert steps[-1] == (len(positions), len(positions))
    assert found.dtype == np.float32


def test_a_network_that_answers_nonsense_is_refused() -> None:
    class Broken(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return torch.full((len(pictures), 2), float("nan"))

    with pytest.raises(UserError, match="not a number on 3 of 3 pictures"):
        logits_of(Broken(), np.zeros((3, 8, 8, 3), np.uint8), InputSpec((8, 8), "squash", 8), CPU)


def test_too_little_memory_halves_the_batch() -> None:
    sizes: list[int] = []

    class Large(nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            sizes.append(len(pictures))
            if len(pictures) > 2:
                raise torch.OutOfMemoryError
            return pictures.mean((2, 3))

    pictures = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3), np.uint8)
    found = logits_of(Large(), pictures, InputSpec((8, 8), "squash", 8), CPU, batch=8)
    assert found == pytest.approx(pictures.mean((1, 2)) / 255, rel=1e-5)
    assert max(size for size in sizes if size <= 2) == 2


def test_the_figures_are_those_of_the_pictures(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 200))
    spec = InputSpec((32, 32), "squash", 32)
    found = evaluate(Colors(), ("malignant", "benign"), spec, cohort, "test", CPU, draws=200)
    positions = cohort.positions("test")
    logits = logits_of(Colors(), (cohort, positions), spec, CPU)
    malignant = cohort.labels[positions] == cohort.classes.index("malignant")
    assert found.positive == "malignant"
    assert [curve.name for curve in found.curves] == ["malignant"]
    assert found.auc.value == pytest.approx(roc_auc_score(malignant, Prediction(logits).probabilities[:, 0]))
    assert found.auc.low <= found.auc.value <= found.auc.high
    assert found.pictures == found.lesions == len(positions)
    assert sum(found.counts) == found.confusion.sum() == len(positions)
    assert found.calibration.temperature is not None
    assert found.calibration.temperature.n == len(cohort.positions("validation"))
    for kind in ("sex", "age", "site"):
        assert sum(group.auc.n for group in found.subgroups if group.kind == kind) == len(positions)
    again = evaluate(Colors(), ("malignant", "benign"), spec, cohort, "test", CPU, draws=200)
    assert again.auc == found.auc


def test_a_subgroup_is_measured_on_its_own_pictures(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 300))
    positions = np.arange(300)
    random = np.random.default_rng(0)
    score = np.clip(cohort.labels * 0.2 + random.random(300) * 0.8, 0, 1)
    draws = BootstrapResamples.of(cohort.lesions, 60, 0)
    found = subgroups(cohort, positions, cohort.labels, np.stack([1 - score, score], 1), (1,), cohort.classes, draws)
    weights = np.concatenate(list(draws.weights()))
    for group in found:
        of_kind = {"sex": cohort.sexes, "site": cohort.sites}.get(group.kind)
        if of_kind is None or group.name == "not known":
            continue
        own = np.array([name == group.name for name in of_kind])
        drawn = [roc_auc_score(cohort.labels[own], score[own], sample_weight=row[own]) for row in weights]
        assert group.auc.n == own.sum()
        assert group.auc.value == pytest.approx(roc_auc_score(cohort.labels[own], score[own]))
        assert [group.auc.low, group.auc.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]))
        assert group.accuracy[1].value == pytest.approx((score[own & (cohort.labels == 1)] > 0.5).mean())
    ages = [group for group in found if group.kind == "age"]
    assert any("small" in group.note for group in ages)
    for group in ages:
        assert np.isfinite(group.auc.value) == (min(group.counts) >= 5), "a handful has no AUC"


def test_the_temperature_is_never_measured_where_it_was_fitted(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 60))
    spec = InputSpec((32, 32), "squash", 32)
    found = evaluate(Colors(), cohort.classes, spec, cohort, "validation", CPU, draws=100).calibration
    assert (found.after, found.temperature) == (None, None)
    assert "validation" in found.reason
    bare = replace(cohort, splits=np.where(cohort.splits == "validation", "train", cohort.splits))
    found = evaluate(Colors(), cohort.classes, spec, bare, "test", CPU, draws=100).calibration
    assert found.after is None
    assert "no validation part" in found.reason


def test_seven_classes_along_the_tree(tmp_path: Path) -> None:
    from tests.conftest import ROOT
    from trainer.measures.taxonomy import read_taxonomy

    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 280, classes=SEVEN))
    taxonomy = read_taxonomy(ROOT / "resources" / "taxonomy.toml")
    spec = InputSpec((32, 32), "squash", 32)
    leaves = evaluate(Colors(7), SEVEN, spec, cohort, "test", CPU, taxonomy=taxonomy, draws=100)
    top = evaluate(Colors(7), SEVEN, spec, cohort, "test", CPU, taxonomy=taxonomy, level=1, draws=100)
    assert (leaves.level, top.level) == (2, 1)
    assert len(leaves.curves) == 7
    assert leaves.auc.value == pytest.approx(np.mean([curve.auc.value for curve in leaves.curves]))
    assert [level.level for level in leaves.levels] == [1, 2]
    assert leaves.levels[0].macro_auc == top.auc
    probabilities = Prediction(logits_of(Colors(7), (cohort, cohort.positions("test")), spec, CPU)).probabilities
    bad = [SEVEN.index(name) for name in ("mel", "bcc", "akiec")]
    known = roc_auc_score(np.isin(cohort.labels[cohort.positions("test")], bad), probabilities[:, bad].sum(axis=1))
    assert top.auc.value == pytest.approx(known)


def test_a_class_that_does_not_occur_is_named(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 280, classes=SEVEN))
    rare = SEVEN.index("vasc")
    splits = np.where((cohort.splits == "test") & (cohort.labels == rare), "train", cohort.splits)
    spec = InputSpec((32, 32), "squash", 32)
    found = evaluate(Colors(7), SEVEN, spec, replace(cohort, splits=splits), "test", CPU, draws=100)
    assert "No picture of this part is vasc" in found.notes[0]
    assert [curve.name for curve in found.curves] == [name for name in SEVEN if name != "vasc"]
    assert np.isfinite([found.auc.value, found.balanced_accuracy.value]).all()
    assert np.isnan(found.class_accuracy[rare].value)


# The command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network, a cohort and a table of readers."""
    monkeypatch.chdir(tmp_path)
    save_small(tmp_path / "n.safetensors")
    drawn_cohort(tmp_path / "c.h5", 60)
    (tmp_path / "readers.csv").write_text("name,sensitivity,specificity\nA,80,65\nB,90,30\n")
    return tmp_path


def words(*more: str) -> list[str]:
    return ["evaluate", "--model", "n.safetensors", "--data", "c.h5", "--out", "report", "--draws", "100",
            "--device", "cpu", *more]  # fmt: skip


def trained_on(cohort_path: Path, part: str, network: Path) -> None:
    """Let the network's file say that it was trained on a part of the cohort."""
    cohort, known = open_cohort(cohort_path), load(network)
    seen = sorted(cohort.digests[place][:12] for place in cohort.positions(part))
    save(network, replace(known, training={**known.training, "seen": seen}))


def test_a_report_is_a_page_figures_and_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("--readers", "readers.csv")) == 0
    said = capsys.readouterr()
    assert "AUC of malignant" in said.out
    assert "does not say on which pictures it was trained" in said.out
    names = {str(path.relative_to("report")) for path in Path("report").rglob("*") if path.is_file()}
    figures = {"roc", "precision_recall", "confusion", "reliability", "subgroups"}
    files = {"report.html", "report.json", "predictions.csv"}
    assert names == {*files, *(f"figures/{n}.{k}" for n in figures for k in ("svg", "png"))}


@pytest.mark.usefixtures("no_figures")
def test_the_numbers_are_printed_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(Path("report/report.json").read_text("utf-8"))
    assert set(printed["evaluation"]["auc"]) == {"value", "low", "high", "n"}


@pytest.mark.usefixtures("no_figures")
def test_a_state_dict_of_somebody_else_is_evaluated_once_its_classes_are_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = load("n.safetensors")
    torch.save({"net." + name: weight for name, weight in known.weights.items()}, "theirs.pth")
    size = json.dumps(asdict(known.input))
    assert main(words("--model", "theirs.pth", "--input", size)) == 1
    assert f"--classes {','.join(known.classes)}" in capsys.readouterr().err
    assert main(words("--model", "theirs.pth", "--input", size, "--classes", ",".join(known.classes), "--json")) == 0
    said = capsys.readouterr()
    assert "was found from the names and shapes" in said.err
    theirs = json.loads(said.out)["evaluation"]
    assert main(words("--json")) == 0
    ours = json.loads(capsys.readouterr().out)["evaluation"]
    assert theirs["auc"] == ours["auc"]
    assert "was found from the names and shapes" in " ".join(theirs["notes"])


@pytest.mark.usefixtures("no_figures")
def test_pictures_that_the_network_knows_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained_on(here / "c.h5", "train", here / "n.safetensors")
    assert main(words("--split", "train")) == 1
    error = capsys.readouterr().err
    assert "was trained or chosen on 36 of the 36 train pictures" in error
    assert error.count("\n") == 1
    assert not Path("report").exists()
    assert main(words("--split", "train", "--even-if-seen")) == 0
    assert "every figure flatters" in capsys.readouterr().out
    assert "every figure flatters" in Path("report/report.html").read_text("utf-8")
    assert main(words()) == 0, "nobody minds the test part"
    assert "flatters" not in Path("report/report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "none.safetensors"], "none.safetensors does not exist"),
        (["--model", "readers.csv"], "readers.csv is not a file of weights"),
        (["--data", "none.h5"], "none.h5"),
        (["--readers", "none.csv"], "none.csv does not exist"),
        (["--taxonomy", "none.toml"], "none.toml does not exist"),
        (["--level", "1"], "--level needs a --taxonomy"),
        (["--out", "readers.csv"], "readers.csv is a file"),
        (["--out", "readers.csv/report"], "choose another --out"),
        (["--draws", "3"], "--draws 3 is too small"),
        (["--fold", "0"], "was not split into folds"),
        (["--model", "other.safetensors"], 'architecture "transformer"'),
        (["--model", "torn.safetensors"], "the weights do not fit"),
        (["--model", "seven.safetensors"], "akiec, bcc, bkl, df, mel, nv, vasc"),
    ],
)
def test_mistakes_get_one_sentence(here: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str) -> None:
    known = load("n.safetensors")
    save("other.safetensors", replace(known, architecture="transformer"))
    save("torn.safetensors", replace(known, weights=dict(list(known.weights.items())[1:])))
    save_small(here / "seven.safetensors", classes=SEVEN)
    before = sorted(here.rglob("*"))
    assert main(words(*more)) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert sorted(here.rglob("*")) == before, "nothing is written"


def test_a_part_of_one_class_is_refused_and_nothing_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = open_cohort("c.h5")
    benign = replace(whole, splits=np.where((whole.splits == "test") & (whole.labels == 1), "train", whole.splits))
    monkeypatch.setattr("trainer.cohort.pixel_check.open_checked", lambda path: benign)
    assert main(words()) == 1
    assert "test pictures of c.h5 are benign; an evaluation needs pictures of two classes" in capsys.readouterr().err
    assert not Path("report").exists()


@pytest.mark.usefixtures("no_figures")
def test_readers_need_one_curve(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_small(here / "seven.safetensors", classes=SEVEN)
    drawn_cohort(here / "seven.h5", 70, classes=SEVEN)
    seven = ["--model", "seven.safetensors", "--data", "seven.h5", "--readers", "readers.csv"]
    assert main(words(*seven)) == 1
    assert "add them up with --taxonomy and --level" in capsys.readouterr().err
    Path("t.toml").write_text('benign = ["nv", "bkl", "df", "vasc"]\nmalignant = ["mel", "bcc", "akiec"]')
    assert main(words(*seven, "--taxonomy", "t.toml", "--level", "1")) == 0
    assert len(json.loads(Path("report/report.json").read_text("utf-8"))["evaluation"]["readers"]) == 2


def test_a_full_disk_leaves_the_old_report(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainer.report.figures.drawn", lambda *facts: {"roc": Figure()})  # an empty one is soon drawn
    assert main(words()) == 0
    shutil.copytree("report", "before")
    before = {path.name: path.read_bytes() for path in Path("before").rglob("*") if path.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.report.write.replace_file", full)
    capsys.readouterr()
    assert main(words("--seed", "5")) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in Path("report").rglob("*") if path.is_file()} == before


def test_the_demo_network_can_be_evaluated(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.conftest import ROOT

    demo = ["--model", str(ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors")]
    assert main(words(*demo)) == 1
    assert "(other, melanoma)" in capsys.readouterr().err
    Path("names.toml").write_text('melanoma = ["malignant"]\nother = ["benign"]\n', "utf-8")
    assert main(words(*demo, "--taxonomy", "names.toml")) == 0
    assert json.loads(Path("report/report.json").read_text("utf-8"))["evaluation"]["positive"] == "melanoma"
    page = Path("report/report.html").read_text("utf-8")
    assert "HAM10000" in page
    assert Path("report/figures/learning.png").exists()


def test_small_is_the_network_of_these_tests() -> None:
    assert SMALL["size"] == 32, "the drawn pictures are 32 x 32: nothing is resized"
