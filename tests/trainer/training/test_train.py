import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainer.runs import CPU, Stop, cohort_in, same, small, trained, weights_in
from trainer.cli import main
from trainer.cohort.cohort import Cohort
from trainer.evaluation.inference import logits_of
from trainer.files.errors import UserError
from trainer.measures.metrics import auc
from trainer.networks.architectures import LeNet
from trainer.networks.checkpoint import load
from trainer.training.checks import check
from trainer.training.data_loading import steps_of
from trainer.training.initial_weights import Start
from trainer.training.learning_rate_schedules import factor
from trainer.training.train import Watch, train


@pytest.fixture(autouse=True)
def quick_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and figures have tests of their own; test_outcome.py draws them."""
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})


def test_what_is_learnt_is_learnt(tmp_path: Path) -> None:
    outcome = trained(cohort_in(tmp_path), tmp_path / "run", small(epochs=8))
    assert outcome.auc > 0.9


@pytest.mark.parametrize("name", ["scratch_cnn", "resnet18", "lenet"])
def test_the_explorer_opens_what_was_trained(tmp_path: Path, name: str) -> None:
    from explorer.core.network.opening import open_network
    from trainer.evaluation.inference import logits_of
    from trainer.measures.prediction import Prediction

    cohort = cohort_in(tmp_path, 20)
    mean = [0.485, 0.456, 0.406]
    outcome = trained(cohort, tmp_path / "run", small(architecture=name, epochs=1, bottleneck=4, mean=mean))
    network = open_network(outcome.network, device="cpu")
    assert network.classes == cohort.classes
    assert network.architecture == name
    assert network.input.mean == tuple(mean)
    assert network.layers
    measured = load(outcome.network).training["auc_test"]
    positions = cohort.positions("test")
    logits = logits_of(network.module, (cohort, positions), network.input, CPU)
    assert auc(cohort.labels[positions], Prediction(logits).probabilities, cohort.classes) == pytest.approx(
        measured, abs=1e-4
    )


def test_the_explorer_knows_lenet_by_its_weights(tmp_path: Path) -> None:
    from explorer.core.network.opening import open_network
    from trainer.networks.architectures import build

    torch.save(build("lenet", 3, {"size": 64}).state_dict(), tmp_path / "lenet.pt")
    for name in (None, "lenet"):
        network = open_network(tmp_path / "lenet.pt", architecture=name, device="cpu")
        assert (network.architecture, network.input.size) == ("lenet", (64, 64))
        assert [layer.filters for layer in network.layers] == [6, 16]


def test_figures_are_of_the_half_precision_weights_that_are_written(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    outcome = trained(cohort, tmp_path / "run", small(half=True))
    found = load(outcome.network)
    assert {tensor.dtype for tensor in found.weights.values()} == {torch.float16}
    module = LeNet(2, size=32)
    module.load_state_dict(found.weights)
    from trainer.evaluation.inference import logits_of
    from trainer.measures.prediction import Prediction

    positions = cohort.positions("test")
    logits = logits_of(module, (cohort, positions), found.input, CPU)
    assert auc(cohort.labels[positions], Prediction(logits).probabilities, cohort.classes) == pytest.approx(outcome.auc)


@pytest.mark.parametrize(
    "settings",
    [
        {"imbalance": "weights"},
        {"imbalance": "sampling", "average": 0.9, "schedule": "one-cycle", "optimiser": "adamw", "clip": 1.0},
        {"optimiser": "sgd", "schedule": "cosine", "mixup": 0.2, "cutout": 0.2, "smoothing": 0.1},
        {"pictures_on_device": "no", "precision": "float32", "channels_last": False, "fused": False, "prefetch": False},
        {"resize_to": 40, "test_crop": "whole", "crop": "random"},
        {"initialisation": "glorot"},
    ],
)
def test_every_way_to_train_learns(tmp_path: Path, settings: dict[str, object]) -> None:
    recipe = small(**{"epochs": 8, "learning_rate": 3e-3} | settings)
    outcome = trained(cohort_in(tmp_path), tmp_path / "run", recipe)
    assert outcome.auc > 0.9
    losses = [row["loss"] for row in load(outcome.network).training["epochs"]]
    assert losses[-1] < 0.9 * losses[0]


def test_streamed_pictures_are_the_kept_ones(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    for name, settings in (
        ("kept", {"pictures_on_device": "yes"}),
        ("streamed", {"pictures_on_device": "no"}),
        ("alone", {"prefetch": False}),
    ):
        trained(cohort, tmp_path / name, small(**settings))
    kept = weights_in(tmp_path / "kept")
    assert same(kept, weights_in(tmp_path / "streamed"))
    assert same(kept, weights_in(tmp_path / "alone"))


def test_bfloat16_and_float32_agree_within_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.devices.arithmetic.computes_bfloat16", lambda device: True)
    cohort = cohort_in(tmp_path, 80)
    found = [trained(cohort, tmp_path / name, small(precision=name, epochs=6)).auc for name in ("bfloat16", "float32")]
    assert found[0] == pytest.approx(found[1], abs=0.1)


@pytest.mark.parametrize("there", [True, False])
def test_bfloat16_is_computed_only_where_the_device_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    for place in ("trainer.devices.arithmetic", "trainer.training.train"):
        monkeypatch.setattr(f"{place}.computes_bfloat16", lambda device: there)
    said: list[str] = []
    cohort, half = cohort_in(tmp_path), small(precision="bfloat16", epochs=1)
    trained(cohort, tmp_path / "half", half, watch=Watch(say=said.append))
    trained(cohort, tmp_path / "plain", small(precision="float32", epochs=1))
    assert same(weights_in(tmp_path / "half"), weights_in(tmp_path / "plain")) is not there
    assert any("no bfloat16" in text for text in said) is not there


def test_more_than_two_classes(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path, 60, classes=("mel", "nevus", "bkl"))
    outcome = trained(cohort, tmp_path / "run", small(epochs=6, mixup=0.1))
    assert outcome.auc > 0.8


def test_the_best_epoch_is_kept_and_patience_ends_a_run(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    trained(cohort, tmp_path / "run", small(epochs=20, patience=2, learning_rate=1e-9))
    training = load(tmp_path / "run" / "network.safetensors").training
    aucs = [row["auc"] for row in training["epochs"]]
    assert training["chosen_epoch"] == int(np.argmax(aucs)) + 1
    assert len(aucs) == training["chosen_epoch"] + 2
    trained(cohort, tmp_path / "last", small(epochs=3, chosen="last", learning_rate=1e-9))
    assert load(tmp_path / "last" / "network.safetensors").training["chosen_epoch"] == 3


def test_folds_take_turns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fold"):
        train(cohort_in(tmp_path), small(fold=0), tmp_path / "run", CPU)


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_good_epochs(tmp_path: Path) -> None:
    cohort, out = cohort_in(tmp_path), tmp_path / "run"
    with pytest.raises(RuntimeError):
        train(cohort, small(epochs=3), out, CPU, watch=Stop(1, RuntimeError()))
    before = (out / "resume.pt").read_bytes()
    with pytest.raises(UserError, match=r"no longer a number in epoch 1.*lower --learning-rate"):
        train(cohort, small(learning_rate=1e30, optimiser="sgd"), tmp_path / "wild", CPU)
    assert not (tmp_path / "wild" / "resume.pt").exists()

    def poison(record: dict[str, object]) -> None:
        training.module.classifier[1].weight.data.fill_(float("nan"))  # type: ignore[index, union-attr]

    from trainer.training.distributed import ProcessGroup
    from trainer.training.train import Training

    training = Training(cohort, small(epochs=4), tmp_path / "later", CPU, "", Watch(on_epoch=poison), ProcessGroup())
    with pytest.raises(UserError, match=r"in epoch 2.*epoch 1 stays in"):
        training.run()
    assert (tmp_path / "later" / "resume.pt").exists()
    assert (out / "resume.pt").read_bytes() == before


class Greedy(nn.Module):
    """A network whose memory is enough for so many pictures."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.inner = most, LeNet(2, size=32)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if len(pictures) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.inner(pictures)


def run_with(monkeypatch: pytest.MonkeyPatch, most: int, tmp_path: Path) -> tuple[list[str], dict[str, torch.Tensor]]:
    def started(recipe: object, classes: tuple[str, ...]) -> Start:
        return Start(Greedy(most), "greedy")

    monkeypatch.setattr("trainer.training.train.started", started)
    said: list[str] = []
    recipe = small(precision="float32", optimiser="sgd", fill="edge")
    train(cohort_in(tmp_path), recipe, tmp_path / str(most), CPU, watch=Watch(say=said.append))
    return said, weights_in(tmp_path / str(most))


def test_too_little_memory_halves_the_batch_and_keeps_the_total(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, plenty = run_with(monkeypatch, 100, tmp_path)
    parts, little = run_with(monkeypatch, 3, tmp_path)
    assert not any("memory" in text for text in whole)
    assert [text for text in parts if "memory" in text] == [
        "out of memory: batches of 8 are now computed in 2 parts of 4, whose gradients are added up",
        "out of memory: batches of 8 are now computed in 4 parts of 2, whose gradients are added up",
    ]
    assert all(torch.allclose(plenty[name], little[name], atol=1e-5) for name in plenty)
    with pytest.raises(UserError, match="too small for a single picture"):
        run_with(monkeypatch, 0, tmp_path)


@pytest.mark.parametrize(
    ("how", "settings", "said"),
    [
        ({"classes": ("mel",)}, {}, "training needs two classes"),
        ({}, {"size": 64}, "smaller than the network's input of 64; lower --size"),
        ({}, {"architecture": "resnet19"}, 'no architecture "resnet19"; the nearest is resnet1'),
        ({}, {"architecture": "lenet", "size": 4}, "cannot be built for pictures of 4 x 4"),
        ({}, {"freeze_up_to": "layer2"}, 'no module "layer2" to freeze up to; the nearest is'),
        ({}, {"freeze_up_to": "classifier"}, "leaves nothing to train"),
    ],
)
def test_what_cannot_be_trained_gets_one_sentence(
    tmp_path: Path, how: dict[str, object], settings: dict[str, object], said: str
) -> None:
    if "freeze_up_to" in settings:  # what is kept has to come from somewhere
        torch.save(LeNet(size=small().data.size).state_dict(), tmp_path / "start.pt")
        settings = settings | {"weights": str(tmp_path / "start.pt")}
    with pytest.raises(UserError) as raised:
        train(cohort_in(tmp_path, 20, **how), small(**settings), tmp_path / "run", CPU)
    assert said in str(raised.value)


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    from dataclasses import replace

    cohort = cohort_in(tmp_path)
    without = np.where((cohort.labels == 1) & (cohort.splits == "train"), "test", cohort.splits)
    with pytest.raises(UserError, match="no train picture of the class malignant"):
        check(replace(cohort, splits=without), small())


@pytest.mark.parametrize("settings", [{"depth_decay": 0.1}, {"freeze_up_to": "features"}, {"head_epochs": 1}])
def test_layers_that_were_only_drawn_are_never_kept(tmp_path: Path, settings: dict[str, object]) -> None:
    with pytest.raises(UserError, match="drawn at random, because no weights are loaded"):
        check(cohort_in(tmp_path), small(**settings))
    check(cohort_in(tmp_path), small(**settings, weights="start.pt"))


def test_a_dry_run_shows_the_rates_and_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = cohort_in(tmp_path)
    torch.save(LeNet(2, size=32).state_dict(), tmp_path / "start.pt")
    words = ["train", "--data", str(cohort.path), "--recipe", "lenet", "--size", "32", "--resize-to", "0", "--dry-run"]
    more = ["--weights", str(tmp_path / "start.pt"), "--depth-decay", "0.1", "--head-epochs", "2", "--device", "cpu"]
    assert main([*words, *more]) == 0
    lines = capsys.readouterr().out.splitlines()
    shares = [float(line.split()[1]) for line in lines if line.strip()[:1].isdigit()]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.1, 1.0)
    assert lines[-1] == "in the first 2 epochs the last of these groups learns alone, at its full rate"
    assert not list(tmp_path.rglob("resume.pt"))
    with pytest.raises(SystemExit, match="2"):
        main(words[:-1])


def test_a_dry_run_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> object:
        raise AssertionError("a dry run asks nobody")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    cohort = cohort_in(tmp_path)
    words = ["train", "--data", str(cohort.path), "--recipe", "resnet18-transfer", "--size", "32", "--resize-to", "32"]
    assert main([*words, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("resnet18 from imagenet, but not its last layer; ")
    assert "conv1" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipe", "resnet18-transfer", "--architecture", "lenet"], "no ImageNet weights of lenet"),
        (["--color-constancy", "0.5"], "color_constancy 0.5 is not 0"),
        (["--gamma", "0"], "gamma 0.0 is not within"),
        (["--illumination", "2"], "illumination 2.0 is not within"),
        (["--recipe", "inception_v3"], "inception_v3 does not take pictures of 32 x 32: they are too small"),
        (["--fold", "3"], "was not split into folds"),
        (["--folds", "all"], "was not split into folds"),
        (["--threshold-folds", "4"], "has a validation part"),
        (["--weights", "imagnet"], "did you mean --weights imagenet"),
    ],
)
def test_a_dry_run_refuses_what_training_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    cohort = cohort_in(tmp_path)
    start = ["train", "--data", str(cohort.path), "--recipe", "lenet", "--size", "32", "--resize-to", "32"]
    for end in (["--dry-run"], ["--out", str(tmp_path / "run"), "--device", "cpu"]):
        assert main([*start, *words, *end]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "network.safetensors").exists()


def without_validation(folder: Path) -> Cohort:
    """A cohort whose validation pictures are in the train part."""
    cohort = cohort_in(folder)
    return replace(cohort, splits=np.where(cohort.splits == "validation", "train", cohort.splits))


def test_epochs_are_fixed_where_no_validation_part_could_choose_one(tmp_path: Path) -> None:
    cohort = without_validation(tmp_path)
    for settings in ({}, {"chosen": "last", "patience": 2}):
        with pytest.raises(UserError, match="no validation part to choose an epoch by; give --chosen last"):
            check(cohort, small(**settings))
    lines: list[dict[str, Any]] = []
    outcome = trained(cohort, tmp_path / "run", small(chosen="last", epochs=3), watch=Watch(on_epoch=lines.append))
    assert outcome.chosen_epoch == 3
    assert [line["auc"] for line in lines] == [None] * 3
    told = load(outcome.network).training
    assert "auc_validation" not in told
    assert told["cohort"]["pictures"]["validation"] == 0
    assert 0 <= told["auc_test"] <= 1


def test_the_course_within_epochs_and_the_accuracies_are_kept(tmp_path: Path) -> None:
    cohort, lines = cohort_in(tmp_path), []
    recipe = small(epochs=3, schedule="cosine", learning_rate=0.01, chosen="last", precision="float32")
    outcome = trained(cohort, tmp_path / "run", recipe, watch=Watch(on_epoch=lines.append))
    steps = steps_of(len(cohort.positions("train")), recipe)
    for number, line in enumerate(lines):
        course = line["course"]
        assert course["epoch"][-1] == number + 1
        known = [0.01 * factor(recipe.learning, number * steps + step, steps) for step in range(steps)]
        assert course["learning_rate"] == pytest.approx(known, rel=1e-4)
        assert np.mean(course["loss"]) == pytest.approx(line["loss"], rel=1e-4)
        assert 0 <= line["accuracy"] <= 1
    assert lines[1]["course"]["learning_rate"][0] > lines[0]["course"]["learning_rate"][-1]  # a restart within the run
    shown = cohort.positions("validation")
    network = load(outcome.network)
    module = LeNet(2, size=32)
    module.load_state_dict(network.weights)
    predicted = logits_of(module, (cohort, shown), network.input, CPU).argmax(axis=1)
    assert lines[-1]["validation_accuracy"] == pytest.approx((predicted == cohort.labels[shown]).mean())
    with (tmp_path / "run" / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == [line["loss"] for line in lines]
    assert "course" not in rows[0]


def test_the_accuracy_of_training_counts_every_picture_once(tmp_path: Path) -> None:
    """At a rate of almost nothing the network stays what it was when the epoch began."""
    cohort, lines = cohort_in(tmp_path), []
    still = {"crop": "centre", "rotation": [0.0, 0.0], "flip_horizontal": False, "saturation": [1.0, 1.0]}
    still |= {name: [0.0, 0.0] for name in ("brightness", "contrast", "hue")}
    recipe = small(epochs=1, learning_rate=1e-12, precision="float32", chosen="last", batch=4, **still)
    outcome = trained(cohort, tmp_path / "run", recipe, watch=Watch(on_epoch=lines.append))
    network, module = load(outcome.network), LeNet(2, size=32)
    module.load_state_dict(network.weights)
    some = cohort.positions("train")
    predicted = logits_of(module, (cohort, some), network.input, CPU).argmax(axis=1)
    assert len(some) % 4 == 0
    assert lines[0]["accuracy"] == pytest.approx((predicted == cohort.labels[some]).mean())
