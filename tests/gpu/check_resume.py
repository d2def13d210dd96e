"""A run that was killed goes on with the rates and weights of one that was not, also on another kind of device."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from tests.gpu.made import made_cohort, paper
from tests.gpu.proof import Proof
from tests.trainer.cohorts import drawn_cohort
from trainer.cohort.cohort import Cohort
from trainer.devices.arithmetic import computing
from trainer.networks.checkpoint import load
from trainer.training.augmentation import COLUMNS
from trainer.training.data_loading import Batch
from trainer.training.distributed import ProcessGroup
from trainer.training.recipe import Recipe
from trainer.training.settings_file import write_settings
from trainer.training.train import Training, Watch
from trainer.training.training_step import Step

CPU = torch.device("cpu")


class Torn(Exception):  # noqa: N818 - it stands for a kill
    """Ends a run in the middle of an epoch."""


class Noted:
    """A step that notes the rates which lie on the device, and ends the run after some of them."""

    def __init__(self, training: Training, rates: list[float], last: int | None) -> None:
        self._step, self._rates, self._last = training.step, rates, last
        self._optimiser, self._steps = training.optimiser, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def __call__(self, batch: Batch, rate: float, **how: bool) -> torch.Tensor:
        if self._last is not None and self._steps == self._last:
            raise Torn
        self._steps += 1
        loss = self._step(batch, rate, **how)
        self._rates += [float(group["lr"]) for group in self._optimiser.param_groups]
        return loss


def run(proof: Proof) -> None:
    """In this process first, step by step; then the command line, with a real kill."""
    recipe = paper(True, epochs=6, schedule="one-cycle", learning_rate=1e-3, deterministic=True, precision="float32")
    cohort = made_cohort((64, 16, 16), 40, 40.0)
    for captured in (True, False):
        compared(proof, cohort, recipe.with_settings({"graph": captured}, "the proof"), proof.device, proof.device)
    compared(proof, cohort, recipe, CPU, proof.device)
    compared(proof, cohort, recipe, proof.device, CPU)
    frozen(proof, cohort, recipe)
    killed(proof, recipe)


def compared(proof: Proof, cohort: Cohort, recipe: Recipe, first: torch.device, then: torch.device) -> None:
    """A run that was torn on one device and went on on another, against one that ran through on the other."""
    with tempfile.TemporaryDirectory() as folder:
        whole, rates = through(cohort, recipe, Path(folder, "whole"), then)
        before: list[float] = []
        steps = whole.steps * 3 + whole.steps // 2
        through(cohort, recipe, Path(folder, "torn"), first, before, steps)
        torn, after = through(cohort, recipe, Path(folder, "torn"), then)
    name = (
        f"{first.type} to {then.type}" if first.type != then.type else "graph" if recipe.machine.graph else "no graph"
    )
    done = (len(rates) - len(after)) * whole.steps * 6 // len(rates)
    proof.require(f"{name}: it went on after {done // whole.steps} epochs", 0 < len(after) < len(rates))
    both = before[: len(rates) - len(after)] + after
    proof.require(
        f"{name}: the same {len(rates)} learning rates",
        rates == both or (first.type != then.type and _near(rates, both)),
    )
    same = first.type == then.type
    largest = _difference(whole.module.state_dict(), torn.module.state_dict())
    proof.judge(f"{name}: largest difference of weights", largest, most=1e-5 if same else 2e-2)


def through(
    cohort: Cohort,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    rates: list[float] | None = None,
    last: int | None = None,
) -> tuple[Training, list[float]]:
    """A run to its end, or to where it is torn, and its rates."""
    rates = [] if rates is None else rates
    with computing(device, deterministic=True):
        training = Training(cohort, recipe, out, device, "", Watch(), ProcessGroup())
        noted: Any = Noted(training, rates, last)
        training.step = noted
        with contextlib.suppress(Torn):
            training.run()
    return training, rates


def frozen(proof: Proof, cohort: Cohort, recipe: Recipe) -> None:
    """A resumed, captured step at a rate of zero changes nothing, and at another it does: the rate is not baked in."""
    with tempfile.TemporaryDirectory() as folder:
        through(cohort, recipe, Path(folder), proof.device, last=20)
        with computing(proof.device, deterministic=True):
            training = Training(cohort, recipe, Path(folder), proof.device, "", Watch(), ProcessGroup())
            step: Step = training.step
            training.module.train()
            side = cohort.side
            random = torch.Generator().manual_seed(0)
            pictures = torch.randint(0, 256, (8, 3, side, side), generator=random, dtype=torch.uint8).to(proof.device)
            inputs = pictures[:, :, :32, :32].float() / 255
            draws = torch.full((8, len(COLUMNS)), 0.5, device=proof.device)
            targets = (torch.arange(8) % 2).to(proof.device)
            ready = not proof.cuda
            batch = Batch(inputs if ready else pictures, draws, targets, ready)
            moved = []
            for rate in (1e-3, 1e-3, 1e-3, 1e-3, 0.0, 1e-3):
                before = {name: value.clone() for name, value in training.module.state_dict().items()}
                step(batch, rate)
                moved.append(_difference(before, training.module.state_dict()))
    proof.judge("weights moved by a resumed step at a rate of 0", moved[4], most=0.0)
    proof.judge("weights moved by the next one, at 1e-3", moved[5], least=1e-6)


def killed(proof: Proof, recipe: Recipe) -> None:
    """`feature-trainer train`, killed by the system and started again, against one that ran through."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, settings = drawn_cohort(folder / "cohort.h5", 80, 40), folder / "settings.toml"
        long = recipe.with_settings({"epochs": 12 if proof.small else 20}, "the proof")
        settings.write_text(write_settings(long), encoding="utf-8")
        words = [sys.executable, "-m", "trainer", "train", "--data", str(data), "--settings", str(settings)]
        words += ["--device", str(proof.device), "--out"]
        with subprocess.Popen([*words, str(folder / "torn")], stdout=subprocess.DEVNULL) as process:
            log, end = folder / "torn" / "log.jsonl", time.monotonic() + 120
            while process.poll() is None and time.monotonic() < end and _epochs(log) < 3:
                time.sleep(0.005)
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        done = _epochs(log)
        codes = [
            subprocess.run([*words, str(folder / out)], stdout=subprocess.DEVNULL, check=False).returncode
            for out in ("torn", "whole")
        ]
        proof.require(f"the command line: killed after {done} epochs, and went on", codes == [0, 0] and done > 0)
        if codes == [0, 0]:
            torn, whole = (load(folder / out / "network.safetensors") for out in ("torn", "whole"))
            rates = [[row["learning_rate"] for row in found.training["epochs"]] for found in (torn, whole)]
            proof.require("the command line: the same learning rates", rates[0] == rates[1])
            proof.judge(
                "the command line: largest difference of weights", _difference(torn.weights, whole.weights), most=1e-5
            )


def _epochs(log: Path) -> int:
    if not log.exists():
        return 0
    lines = log.read_text("utf-8").split("\n")[:-1]
    return sum(json.loads(line)["event"] == "epoch" for line in lines)


def _difference(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    return max((first[name].float().cpu() - second[name].float().cpu()).abs().max().item() for name in first)


def _near(first: list[float], second: list[float]) -> bool:
    """As equal as numbers of 32 and of 64 bits can be."""
    return torch.tensor(first).equal(torch.tensor(second))
