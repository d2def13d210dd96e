import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.apart import commanding
from tests.conftest import ROOT
from tests.trainer.runs import cohort_in, small, trained
from trainer.cli import main
from trainer.cohort.cohort import Cohort, open_cohort, seal_cohort
from trainer.cohort.hdf5_file import first_byte
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load
from trainer.training.distributed import ProcessGroup
from trainer.training.recipe import Recipe
from trainer.training.settings_file import write_settings

SETTINGS = {"precision": "float32", "crop": "random", "size": 28, "epochs": 3, "imbalance": "weights"}


def words_of(cohort: Cohort, recipe: Recipe, out: Path) -> list[str]:
    """The command that trains on a CPU, its settings in a file beside `out`."""
    settings = out.with_suffix(".toml")
    settings.write_text(write_settings(recipe), encoding="utf-8")
    words = ["train", "--data", str(cohort.path), "--out", str(out), "--settings", str(settings)]
    return [*words, "--device", "cpu"]


def by_torchrun(words: list[str], folder: Path, timeout: float = 200) -> str:
    """What two processes print that torchrun starts, as people start them."""
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trainer"]
    done = subprocess.run(
        [sys.executable, *launch, *words],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_fork(words: list[str], folder: Path) -> str:
    """The same, told in torchrun's words that they are two: three times torch is not loaded."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    two = [
        commanding(main, words, said=folder / f"{rank}.txt", places=world | {"RANK": rank, "LOCAL_RANK": rank})
        for rank in "01"
    ]
    for one in two:
        one.join(200)
        assert one.exitcode == 0
    return "".join((folder / f"{rank}.txt").read_text("utf-8") for rank in "01")


@pytest.mark.parametrize("start", [by_fork, pytest.param(by_torchrun, marks=pytest.mark.soak)])
def test_two_processes_lose_what_one_loses(tmp_path: Path, start: Callable[[list[str], Path], str]) -> None:
    cohort, recipe = cohort_in(tmp_path), small(**SETTINGS)
    said = start(words_of(cohort, recipe, tmp_path / "two"), tmp_path)
    trained(cohort, tmp_path / "one", recipe)
    one, two = (load(tmp_path / name / "network.safetensors").training for name in ("one", "two"))
    for name in ("loss", "validation_loss", "auc"):
        assert [row[name] for row in two["epochs"]] == pytest.approx([row[name] for row in one["epochs"]], rel=1e-4)
    assert two["auc_test"] == pytest.approx(one["auc_test"], abs=0.02)
    assert said.count("epoch 1  loss") == 1


@pytest.mark.soak  # four runs by each
def test_two_processes_choose_the_threshold_that_one_chooses(tmp_path: Path, no_figures: None) -> None:
    whole = cohort_in(tmp_path, 48)
    parts = np.where(whole.splits == "validation", "train", whole.splits)
    part = tmp_path / "two.h5.part"
    part.write_bytes(bytes(first_byte()) + whole.pictures(np.arange(len(whole))).tobytes())
    seal_cohort(part, replace(whole, path=tmp_path / "two.h5", splits=parts))
    cohort = open_cohort(tmp_path / "two.h5")
    recipe = small(**SETTINGS | {"epochs": 1, "chosen": "last", "threshold_folds": 3})
    said = by_torchrun(words_of(cohort, recipe, tmp_path / "two"), tmp_path, 550)
    assert [said.count(f"for the threshold: threshold-{number}") for number in range(3)] == [1, 1, 1]
    trained(cohort, tmp_path / "one", recipe)
    one, two = (load(tmp_path / name / "network.safetensors").training["threshold"] for name in ("one", "two"))
    assert two["chosen_on"] == "train, cross-validated"
    assert two == one | {"value": pytest.approx(one["value"], abs=1e-3)}


ALONE = """
from pathlib import Path
import torch
from trainer.training.distributed import joined
with joined(torch.device("cpu")) as (world, device):
    module = world.wrapped(torch.nn.Linear(2, 2), device)
    if world.size == 1:
        module = torch.nn.parallel.DistributedDataParallel(module)
    module.itself = module
    module(torch.ones(1, 2)).sum().backward()
    del module
print([name for task in Path("/proc/self/task").iterdir() if "gloo" in (name := (task / "comm").read_text())])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists a process's threads as files")
def test_the_processes_leave_no_thread_that_could_abort_them_at_their_end() -> None:
    alone = {"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, env=os.environ | alone, capture_output=True, text=True, timeout=200
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_batch_is_shared_out_whole() -> None:
    worlds = [ProcessGroup(rank, 4) for rank in range(4)]
    assert [place for world in worlds for place in list(range(96))[world.share(96)]] == list(range(96))
    with pytest.raises(UserError, match="cannot be divided among 4 processes; change --batch"):
        worlds[0].share(30)
