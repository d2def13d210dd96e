"""A compiled training step computes what the plain one does, and says where it cannot be compiled.

Each test has a process of its own: what counts the lines of the program that tests run cannot be compiled.
"""

from collections.abc import Callable

import pytest
import torch

from tests.apart import APART
from tests.trainer.runs import small
from tests.trainer.training.test_training_step import REFERENCE, batch, made
from trainer.files.errors import UserError
from trainer.training.data_loading import Batch


def ending_with(backend: Callable[..., object]) -> None:
    """Compiling ends with `backend` in this process."""
    plain = torch.compile
    torch.compile = lambda work, **how: plain(work, backend=backend, **how)


def traced_only() -> list[int]:
    """Compiling ends with the traced graphs, which are run as they are: a compiler takes minutes. Counts the graphs."""
    graphs: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Callable[..., object]:
        graphs.append(len(graph.graph.nodes))
        return graph.forward

    ending_with(backend)
    return graphs


def compiled_step() -> None:
    graphs, found = traced_only(), []
    pictures = (torch.rand(8, 3, 40, 40, generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    some = Batch(
        pictures, torch.rand(8, 22, generator=torch.Generator().manual_seed(2)), torch.arange(8) % 2, ready=False
    )
    for changes in ({}, {"compile": True}):
        module, step = made(
            small(**{**REFERENCE, "size": 32, "hue": [-0.02, 0.02], "contrast": [-0.2, 0.2], **changes})
        )
        losses = [step(some, 1e-2).item() for _ in range(4)]
        found.append((losses, torch.cat([weight.flatten() for weight in module.parameters()])))
    assert len(graphs) >= 2  # the network's and the augmentation's
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-4)
    assert torch.allclose(found[1][1], found[0][1], atol=1e-4)


def without_compiler() -> None:
    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Callable[..., object]:
        raise RuntimeError("no compiler")

    ending_with(backend)
    _, step = made(small(**REFERENCE, compile=True))
    with pytest.raises(UserError, match=r"cannot be compiled here .* without --compile"):
        step(batch(), 1e-2)


@pytest.mark.parametrize("work", [compiled_step, without_compiler])
def test_a_compiled_step(work: Callable[[], None]) -> None:
    process = APART.Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0
