import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.trainer.runs import CPU, Stop, cohort_in, same, small, trained, weights_in
from trainer.files.errors import UserError
from trainer.training.train import Watch, train


@pytest.fixture(autouse=True)
def quick_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and figures have tests of their own, and play no part in what is resumed."""
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})


EVERYTHING = {
    "average": 0.9,
    "schedule": "one-cycle",
    "optimiser": "adamw",
    "imbalance": "sampling",
    "mixup": 0.2,
    "epochs": 4,
}


@pytest.mark.parametrize(
    ("settings", "pictures"),
    [
        ({"epochs": 4}, 8),
        (EVERYTHING, 0),
        (EVERYTHING, 8),
        ({"epochs": 3, "architecture": "scratch_cnn", "bottleneck": 4, "dropout": 0.5}, 0),
        ({"epochs": 3, "architecture": "shufflenet_v2_x0_5"}, 0),
    ],
)
def test_a_run_that_was_interrupted_ends_with_the_same_weights(
    tmp_path: Path, settings: dict[str, object], pictures: int
) -> None:
    cohort, recipe = cohort_in(tmp_path, 20), small(**{"batch": 4} | settings)
    whole = trained(cohort, tmp_path / "whole", recipe)
    for epoch in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            train(cohort, recipe, tmp_path / "torn", CPU, watch=Stop(epoch, KeyboardInterrupt(), pictures))
    torn = trained(cohort, tmp_path / "torn", recipe)
    assert same(weights_in(tmp_path / "whole"), weights_in(tmp_path / "torn"))
    assert (torn.chosen_epoch, torn.auc) == (whole.chosen_epoch, whole.auc)


def test_a_killed_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    words = [sys.executable, "-m", "trainer", "train", "--data", str(cohort.path), "--device", "cpu"]
    words += ["--recipe", "lenet", "--size", "32", "--resize-to", "0", "--batch", "4", "--epochs", "12"]
    log = tmp_path / "torn" / "log.jsonl"
    # As many threads as here: sums that are shared out are rounded otherwise by another number of them.
    alike = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    words += ["--out", str(tmp_path / "torn")]
    with subprocess.Popen(words, cwd=ROOT, env=alike, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 240
        while (
            process.poll() is None
            and time.monotonic() < deadline
            and not (log.exists() and log.read_text().count('"epoch"') > 2)
        ):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    done = max(line["epoch"] for line in lines)
    assert done < 12
    log.write_text(log.read_text() + '{"event": "epo')  # as a kill may leave it
    recipe = small(batch=4, epochs=12, imbalance="sampling")
    assert "learning_rate" in (tmp_path / "torn" / "settings.toml").read_text()
    trained(cohort, tmp_path / "torn", recipe)
    trained(cohort, tmp_path / "whole", recipe)
    assert same(weights_in(tmp_path / "whole"), weights_in(tmp_path / "torn"))
    assert '"resumed"' in log.read_text()


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match=r"up to epoch 1 is kept in .*run the same command again"):
        train(cohort_in(tmp_path), small(), tmp_path / "run", CPU, watch=Stop(2, KeyboardInterrupt(), 8))


def test_a_folder_of_other_settings_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    cohort, out = cohort_in(tmp_path), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(cohort, small(), out, CPU, watch=Stop(1, KeyboardInterrupt()))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=r"holds a run with batch 8 \(now 4\), learning_rate 0.001 \(now 0.1\)"):
        train(cohort, small(batch=4, learning_rate=0.1), out, CPU)
    (tmp_path / "b").mkdir()
    with pytest.raises(UserError, match="holds a run with other pictures"):
        train(cohort_in(tmp_path / "b", seed=5), small(), out, CPU)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_file_for_a_folder_and_a_damaged_state_get_one_sentence(tmp_path: Path) -> None:
    cohort, out = cohort_in(tmp_path), tmp_path / "run"
    with pytest.raises(UserError, match="give a folder to --out"):
        train(cohort, small(), cohort.path, CPU)
    with pytest.raises(KeyboardInterrupt):
        train(cohort, small(), out, CPU, watch=Stop(1, KeyboardInterrupt()))
    state = out / "resume.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"resume.pt is damaged .*delete it"):
        train(cohort, small(), out, CPU)


def test_a_full_disk_loses_nothing_that_was_good(tmp_path: Path) -> None:
    cohort, out = cohort_in(tmp_path), tmp_path / "run"
    recipe = small(epochs=3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before: dict[Path, bytes] = {}

    def fill(record: dict[str, object]) -> None:
        if record["epoch"] == 1:
            before.update({path: path.read_bytes() for path in (out / "resume.pt", out / "network.safetensors")})
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    try:
        with pytest.raises(UserError, match=r"resume.pt could not be saved.*make room.*run the same command again"):
            train(cohort, recipe, out, CPU, watch=Watch(on_epoch=fill))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path: path.read_bytes() for path in before} == before
    assert not [path for path in out.iterdir() if path.name.endswith(".part")]
    trained(cohort, out, recipe)
    trained(cohort, tmp_path / "whole", recipe)
    assert same(weights_in(out), weights_in(tmp_path / "whole"))
