"""Small networks whose maps are known on paper, and the files that hold them."""

from pathlib import Path

import torch
from torch import nn

from explorer.core.network.opening import Network, open_network
from trainer.networks.architectures import ScratchCNN
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

SMALL = {"filters": (4, 6), "hidden": (8,), "size": 32}


def hand_weighted() -> nn.Module:
    """Two layers on (1, 3, 8, 8): layer 0 gives red, -red; layer 1 doubles red and is 1 where red is missing."""
    module = nn.Sequential(
        nn.Conv2d(3, 2, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(2, 2, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]]).view(2, 3, 1, 1))
        module[0].bias.zero_()
        module[2].weight.copy_(torch.tensor([[2.0, 0.0], [-1.0, 0.0]]).view(2, 2, 1, 1))
        module[2].bias.copy_(torch.tensor([0.0, 1.0]))
    return module.eval()


def save_small(path: Path, *, classes: tuple[str, ...] = ("benign", "malignant"), seed: int = 0) -> Path:
    """Write a small scratch CNN (4 layers, 32 x 32) with random weights as a checkpoint."""
    torch.manual_seed(seed)
    module = ScratchCNN(len(classes), **SMALL)
    checkpoint = Checkpoint("scratch_cnn", classes, InputSpec((32, 32), "squash", 32), module.state_dict(), dict(SMALL))
    save(path, checkpoint)
    return path


def open_small(folder: Path, seed: int = 0) -> Network:
    """A small opened network."""
    return open_network(save_small(folder / f"small{seed}.safetensors", seed=seed), device="cpu")


class Normed(nn.Module):
    """Two layers with batch norms on any picture, whose raw maps are others than their maps."""

    def __init__(self) -> None:
        super().__init__()
        parts = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.ReLU()]
        self.body, self.line = nn.Sequential(*parts), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(self.body(x).mean((2, 3)))


def save_normed(folder: Path) -> tuple[Path, str]:
    """Write the weights of a `Normed`, and the code that names it: what opens it is its file and its architecture."""
    torch.manual_seed(0)
    module = Normed()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.bias)
    torch.save(module.state_dict(), folder / "normed.pt")
    (folder / "normed.py").write_text("from tests.networks import Normed as make\n")
    return folder / "normed.pt", f"{folder / 'normed.py'}:make"
