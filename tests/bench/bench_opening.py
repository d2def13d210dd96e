"""Opening networks' files, against what a script does that knows everything: build the module, load, one pass."""

import logging
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file
from torch import nn

from explorer.core.network.opening import open_network
from resources import __file__ as resources
from tests.bench.row import Row, side_by_side
from trainer.networks.architectures import build
from trainer.networks.candidate import on_meta
from trainer.networks.weight_files import read_weights

TURNS = 3
DEMO = Path(resources).parent / "demo" / "demo-scratch-cnn.safetensors"


def measure() -> list[Row]:
    """Seconds for torchvision's ResNet-50, whole and cut into a sequence, the demo, and a ResNet-18 as ONNX."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name, torch.inference_mode():
        whole, cut, graph = (Path(name) / file for file in ("whole.pt", "cut.pt", "net.onnx"))
        resnet = torchvision.models.resnet50()
        torch.save(resnet.state_dict(), whole)
        torch.save(nn.Sequential(*list(resnet.children())[:-1]).state_dict(), cut)
        _export(torchvision.models.resnet18(), graph)
        demo = read_weights(DEMO).checkpoint
        assert demo is not None
        arguments = demo.architecture_arguments

        def plain() -> object:
            return _filled(torchvision.models.resnet50, torch.load(whole, weights_only=True), 224)

        def small() -> object:
            return _filled(lambda: build(demo.architecture, len(demo.classes), arguments), load_file(DEMO), 224)

        def parsed() -> object:
            import onnxruntime

            session = onnxruntime.InferenceSession(str(graph))
            return session.run(None, {session.get_inputs()[0].name: torch.rand(1, 3, 224, 224).numpy()})

        rows = [
            ("opening torchvision's ResNet-50, to torch.load and load_state_dict", whole, plain, 3),
            ("opening a ResNet-50 cut into a sequence, to the same", cut, plain, 3),
            ("opening the demo, to load_file and load_state_dict", DEMO, small, 4),
            ("opening a ResNet-18 as ONNX, to onnxruntime's session", graph, parsed, 12),
        ]
        return [_row(*row) for row in rows]


def _row(what: str, path: Path, baseline: Callable[[], object], target: float) -> Row:
    ours, theirs = side_by_side(lambda: open_network(path, device="cpu"), baseline, TURNS)
    return Row(what, ours, theirs, ours / theirs, target)


def _filled(build: Callable[[], nn.Module], state: dict[str, torch.Tensor], side: int) -> object:
    """What the quickest script does: no drawing of weights, one pass to see that it runs."""
    with on_meta():
        module = build()
    module.load_state_dict(state, assign=True)
    return module.float().eval()(torch.zeros(1, 3, side, side))


def _export(module: nn.Module, path: Path) -> None:
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.onnx.export(module.eval(), (torch.rand(1, 3, 224, 224),), str(path), dynamo=False, verbose=False)
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    for row in measure():
        print(row.what, f"{row.ours:.3f} s, {row.baseline:.3f} s, {row.ratio:.2f}")
