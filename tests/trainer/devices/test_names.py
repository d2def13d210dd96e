"""What a GPU asks for and none is needed to see, with torch's meta device and failing memory in its place."""

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.trainer.runs import CPU, Stop, cohort_in, same, small, trained, weights_in
from trainer.devices.arithmetic import arithmetic, computing
from trainer.devices.memory import out_of_memory
from trainer.devices.names import device_argument, find_device
from trainer.evaluation.inference import logits_of
from trainer.files.errors import UserError
from trainer.networks.architectures import build
from trainer.networks.input_spec import InputSpec
from trainer.report.write import Run
from trainer.training import data_loading as batches
from trainer.training import training_step as steps
from trainer.training.captured_step import CapturedStep
from trainer.training.data_loading import Batch, Pictures, Preparation, blank, epoch
from trainer.training.distributed import joined
from trainer.training.optimiser import check_capturable, optimiser_of, take_up
from trainer.training.recipe import Recipe
from trainer.training.train import train
from trainer.training.training_step import Step, outputs_in_training

GPU = torch.device("meta")
"""Stands for a GPU: tensors on it hold no values, but lie somewhere else than on the CPU."""


@pytest.fixture
def capturing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are captured on the device that stands for a GPU."""
    monkeypatch.setattr("trainer.training.optimiser.captures", lambda recipe, device: device == GPU)


def made(device: torch.device, recipe: Recipe) -> torch.optim.Optimizer:
    """An optimiser that has not changed anything yet."""
    with torch.device(device):
        module = build("lenet", 2, {"size": 32})
    return optimiser_of(module, recipe, device)


def learnt(recipe: Recipe) -> dict[str, Any]:
    """The state of an optimiser after one step on a CPU."""
    optimiser = made(CPU, recipe)
    for group in optimiser.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    optimiser.step()
    return optimiser.state_dict()


def as_read_from_a_gpu_s_file(saved: dict[str, Any]) -> dict[str, Any]:
    """A state as a captured run on a GPU leaves it, after torch.load has moved all of its tensors to the CPU."""
    found = copy.deepcopy(saved)
    for group in found["param_groups"]:
        group |= {"lr": torch.tensor(0.125), "capturable": True, "fused": True}
    return found


@pytest.mark.usefixtures("capturing")
@pytest.mark.parametrize("saved_on_gpu", [True, False])
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_captured_step_reads_its_rate_on_the_device_that_goes_on(name: str, saved_on_gpu: bool) -> None:
    recipe = small(optimiser=name)
    saved = learnt(recipe)
    if saved_on_gpu:
        saved = as_read_from_a_gpu_s_file(saved)
    optimiser = made(GPU, recipe)
    take_up(optimiser, saved)
    check_capturable(optimiser)
    for group in optimiser.param_groups:
        assert group["lr"].device == GPU
        assert group.get("capturable", True)
        for weight in group["params"]:
            kept = optimiser.state[weight].values()
            assert {value.device for value in kept if isinstance(value, torch.Tensor)} == {GPU}


@pytest.mark.usefixtures("capturing")
@pytest.mark.parametrize("what", ["rate", "number", "count", "capturable"])
def test_a_step_that_would_freeze_something_is_not_captured(what: str) -> None:
    saved = learnt(small())
    optimiser = made(GPU, small())
    take_up(optimiser, saved)
    check_capturable(optimiser)
    group = optimiser.param_groups[0]
    if what in ("rate", "number"):
        group["lr"] = 0.1 if what == "number" else torch.empty(())
    elif what == "capturable":
        group["capturable"] = False
    else:
        optimiser.state[group["params"][0]]["step"] = torch.empty(())
    with pytest.raises(RuntimeError, match="would freeze"):
        check_capturable(optimiser)


@pytest.mark.parametrize("settings", [{}, {"fused": False}, {"optimiser": "sgd"}])
def test_a_run_begun_on_a_gpu_goes_on_on_a_cpu(
    tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})
    cohort, recipe = cohort_in(tmp_path, 20), small(batch=4, epochs=3, schedule="one-cycle", **settings)
    trained(cohort, tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        train(cohort, recipe, tmp_path / "moved", CPU, watch=Stop(1, KeyboardInterrupt()))
    file = tmp_path / "moved" / "resume.pt"
    state = torch.load(file, weights_only=True)
    torch.save(state | {"optimiser": as_read_from_a_gpu_s_file(state["optimiser"])}, file)
    trained(cohort, tmp_path / "moved", recipe)
    assert same(weights_in(tmp_path / "whole"), weights_in(tmp_path / "moved"))


class Uploads(TorchDispatchMode):
    """Counts the copies between devices."""

    count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.overloadpacket is torch.ops.aten._to_copy and "device" in (kwargs or {}):
            self.count += args[0].device != torch.device(kwargs["device"])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("batch", [4, 16])
def test_an_epoch_is_sent_to_the_device_at_once(tmp_path: Path, batch: int) -> None:
    cohort, recipe, device = cohort_in(tmp_path, 80), small(batch=batch), torch.device("meta")
    pictures = Pictures(cohort, cohort.positions("train"), InputSpec((32, 32), "squash", 32), device, keep="yes")
    preparation = Preparation(recipe, device)
    with Uploads() as uploads:
        found = list(epoch(pictures, recipe, preparation, device, 1, slice(0, batch)))
    assert len(found) == 48 // batch
    assert uploads.count == 3
    assert {(some.pictures.device, some.draws.device, some.targets.device) for some in found} == {(device,) * 3}


def test_pictures_get_a_share_of_what_the_step_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, spec = cohort_in(tmp_path), InputSpec((32, 32), "squash", 32)
    size = 24 * 3 * 32 * 32
    monkeypatch.setattr(batches, "free_memory", lambda device: 2 * size)
    for reserve, streamed in ((0, False), (size // 4, False), (size, True), (3 * size, True)):
        pictures = Pictures(cohort, cohort.positions("train"), spec, CPU, reserve=reserve)
        assert len(pictures) == 24
        assert pictures.streamed == streamed


@pytest.mark.parametrize("room", [0, 1 << 40])
def test_evicted_pictures_are_the_same_pictures(tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, spec = cohort_in(tmp_path), InputSpec((32, 32), "squash", 32)
    pictures = Pictures(cohort, np.arange(20), spec, CPU, keep="yes")
    places = torch.tensor([3, 17, 4])
    before = pictures.fetch(places), pictures.part(5, 9)
    assert not pictures.evict()  # a CPU's own
    pictures._device = torch.device("meta")  # stands for a GPU that holds them
    monkeypatch.setattr(batches, "free_memory", lambda device: room)
    assert pictures.evict()
    assert pictures.streamed
    assert (pictures._kept is None) == (room == 0)
    assert not pictures.evict()
    monkeypatch.setattr(pictures, "_sent", lambda found: found)
    assert torch.equal(pictures.fetch(places), before[0])
    assert torch.equal(pictures.part(5, 9), before[1])


def failed_capture() -> RuntimeError:
    """What ending a capture raises after the memory ran out in it."""
    try:
        try:
            raise torch.OutOfMemoryError("no memory")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")
    except RuntimeError as error:
        return error


def test_every_way_to_run_out_of_memory_is_known() -> None:
    ways = ["CUDA error: out of memory", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED", "[enforce] can't allocate memory"]
    for error in (torch.OutOfMemoryError("x"), failed_capture(), *map(RuntimeError, ways)):
        assert out_of_memory(error)
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not out_of_memory(ValueError("out of memory"))


class Standing(CapturedStep):
    """A captured step without a GPU: it runs what it should hold, or has no memory for it."""

    failures: Iterator[bool] = iter(())

    def __call__(self, batch: Batch) -> torch.Tensor:
        self._steps += 1
        if self.warm and next(self.failures, False):
            raise failed_capture()
        return self._learn(batch)


def test_pictures_go_first_then_the_graph_then_the_size_of_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "captures", lambda recipe, device: True)
    monkeypatch.setattr(steps, "CapturedStep", Standing)
    said: list[str] = []
    held = [True]
    too_large = [False]

    def pair(**how: Any) -> tuple[torch.nn.Module, Step]:
        torch.manual_seed(0)
        module, recipe = build("lenet", 2, {"size": 32}), small(precision="float32")
        return module, Step(module, optimiser_of(module, recipe, CPU), recipe, CPU, Preparation(recipe, CPU), 2, **how)

    module, step = pair(say=said.append, evict=lambda: held.pop() if held else False)

    def forward(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if too_large[0] and len(inputs[0]) > 4:
            raise torch.OutOfMemoryError("no memory")

    module.register_forward_pre_hook(forward)
    monkeypatch.setattr(Standing, "failures", iter([True, True, False]))
    plain, other = pair()
    batch = Batch(torch.rand(8, 3, 32, 32), torch.zeros(8, 15), torch.arange(8) % 2, ready=True)
    for place in range(9):
        too_large[0] = place > 7
        found, wanted = step(batch, 1e-3), other(batch, 1e-3)
        assert found.item() == pytest.approx(wanted.item(), rel=1e-4)
    assert [text.split(": ")[1].split(",")[0] for text in said] == [
        "the pictures stay in the machine's own memory from now on",
        "the step is no longer captured in a CUDA graph",
        "batches of 8 are now computed in 2 parts of 4",
    ]
    for ours, theirs in zip(module.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_averages_that_ran_out_of_memory_half_begun_are_begun_anew() -> None:
    recipe = small(fused=False)
    module = build("lenet", 2, {"size": 32})
    optimiser = optimiser_of(module, recipe, CPU)
    step = Step(module, optimiser, recipe, CPU, Preparation(recipe, CPU), 2, say=lambda text: None)
    whole, failed = optimiser.step, []

    def once() -> None:
        if not failed:
            failed.append(True)
            optimiser.state[next(module.parameters())]["step"] = torch.zeros(())
            raise torch.OutOfMemoryError("no memory")
        whole()

    optimiser.step = once  # type: ignore[assignment, method-assign]
    batch = Batch(torch.rand(8, 3, 32, 32), torch.zeros(8, 15), torch.arange(8) % 2, ready=True)
    step(batch, 1e-3)
    step(batch, 1e-3)
    failed.clear()
    with pytest.raises(UserError, match="while the weights were being changed"):
        step(batch, 1e-3)


def test_validation_goes_on_in_smaller_parts(tmp_path: Path) -> None:
    cohort, recipe = cohort_in(tmp_path), small()
    pictures = Pictures(cohort, np.arange(20), InputSpec((32, 32), "squash", 32), CPU)
    module = build("lenet", 2, {"size": 32})
    wanted = outputs_in_training(module, pictures, Preparation(recipe, CPU), recipe, CPU, 20)
    exact = logits_of(module, (cohort, np.arange(20)), InputSpec((32, 32), "squash", 32), CPU)

    def small_only(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > 3:
            raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")

    module.register_forward_pre_hook(small_only)
    found = outputs_in_training(module, pictures, Preparation(recipe, CPU), recipe, CPU, 20)
    assert found == pytest.approx(wanted, abs=2e-2)
    small_exact = logits_of(module, (cohort, np.arange(20)), InputSpec((32, 32), "squash", 32), CPU)
    assert small_exact == pytest.approx(exact, abs=1e-5)


def test_a_rehearsal_on_a_cpu_asks_for_nothing_and_changes_nothing() -> None:
    module, recipe = build("shufflenet_v2_x0_5", 2), small(size=64)
    before, state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    step = Step(module, optimiser_of(module, recipe, CPU), recipe, CPU, Preparation(recipe, CPU), 2)
    assert step.rehearse(blank(4, 64, CPU)) == 0
    assert same(before, module.state_dict())
    assert torch.equal(state, torch.get_rng_state())


def test_a_cluster_s_world_size_alone_starts_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("MASTER_ADDR", "node1")
    with joined(CPU) as (world, device):
        assert (world.size, device) == (1, CPU)
    for name in ("RANK", "LOCAL_RANK", "MASTER_PORT"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(UserError, match=r"RANK=x.*unset these to train alone"), joined(CPU):
        pass


def test_both_command_lines_take_the_second_gpu() -> None:
    from explorer.cli import parser as explorer
    from trainer.cli import parser as trainer

    train_words = ["train", "--data", "c.h5", "--out", "run"]
    for parser, words in ((explorer(), []), (explorer(), ["layers", "--model", "m"]), (trainer(), train_words)):
        assert parser.parse_args([*words, "--device", "cuda:1"]).device == "cuda:1"
        with pytest.raises(SystemExit):
            parser.parse_args([*words, "--device", "tpu"])
    with pytest.raises(argparse.ArgumentTypeError):
        device_argument("cuda:x")


def test_the_second_gpu_is_asked_for_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UserError, match="cuda:2 is not there"):
        find_device("cuda:2")


def test_float32_means_float32_and_everything_is_put_back() -> None:
    places = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]

    def now() -> tuple[object, ...]:
        strict = torch.are_deterministic_algorithms_enabled()
        return (*(place.fp32_precision for place in places), torch.backends.cudnn.benchmark, strict)

    before = now()
    with arithmetic():
        assert now() == ("ieee", "ieee", True, False)
    assert now() == before
    with arithmetic(tf32=True, deterministic=True):
        assert now() == ("tf32", "tf32", False, True)
    with computing(CPU, tf32=True):
        assert now() == before
    assert now() == before


def test_the_report_says_how_a_gpu_computed() -> None:
    said = {"tf32": False, "cudnn_benchmark": True, "deterministic": False}
    run = Run.of_training({"recipe": {}, "epochs": [], "arithmetic": said})
    assert run is not None
    assert run.arithmetic == said
