"""A network's identity tells apart whatever answers differently, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.core.network.identity import identity_of
from explorer.core.network.opening import open_network
from tests.networks import open_small, save_small
from trainer.networks.checkpoint import InputSpec


def identity(module: nn.Module) -> str:
    return identity_of("", module, InputSpec(), ("a", "b"), "")


def test_it_belongs_to_the_network_and_not_to_the_session(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    assert network.copy().identity == network.identity
    assert open_small(tmp_path).identity == network.identity
    network.module.passes = 7  # as a module may count them
    assert network.copy().identity == network.identity
    del network.module.passes
    assert replace(network, name="another", device=torch.device("cpu")).identity == network.identity


@settings(max_examples=50)
@given(
    first=st.builds(InputSpec, st.sampled_from([(32, 32), (32, 40)]), st.sampled_from(["squash", "shortest"])),
    second=st.builds(InputSpec, st.sampled_from([(32, 32), (32, 40)]), st.sampled_from(["squash", "shortest"])),
)
def test_inputs_differ_where_their_networks_do(first: InputSpec, second: InputSpec) -> None:
    module = nn.Conv2d(3, 2, 1)
    same = identity_of("", module, first, ("a",), "") == identity_of("", module, second, ("a",), "")
    assert same == (first == second)


def test_weights_classes_and_input_are_part_of_it(tmp_path: Path) -> None:
    network = open_small(tmp_path)
    others = [
        open_small(tmp_path, seed=1),
        replace(network, classes=("malignant", "benign")),
        replace(network, input=replace(network.input, mean=(0.5, 0.5, 0.5))),
        open_network(save_small(tmp_path / "c.safetensors", classes=("nv", "mel")), device="cpu"),
    ]
    assert len({network.identity, *(other.identity for other in others)}) == 5
    assert others[1].digest == network.digest


@pytest.mark.parametrize("act", [torch.relu, torch.Tensor.relu, len, str.lower, nn.ReLU().forward, nn.functional.relu])
def test_whatever_a_module_calls_its_activation_has_a_name(act: object) -> None:
    module, other = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)
    other.load_state_dict(module.state_dict())
    module.act, other.act = act, torch.Tensor.sigmoid
    assert identity(module) == identity(module)
    assert identity(module) != identity(other)


class Scaled(nn.Module):
    def __init__(self, factor: float, table: float = 1.0, plain: float = 1.0) -> None:
        super().__init__()
        self._factor, self.act = factor, torch.relu
        self.register_buffer("table", torch.tensor([table]), persistent=False)
        self.plain = torch.tensor([plain])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (nn.AvgPool2d(3, padding=1), nn.AvgPool2d(3, padding=1, count_include_pad=False)),
        (nn.MaxPool2d(2), nn.AvgPool2d(2)),
        (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
        (nn.BatchNorm2d(3), nn.BatchNorm2d(3, eps=0.1)),
        (nn.Upsample(scale_factor=2, mode="bilinear"), nn.Upsample(None, 2, "bilinear", align_corners=True)),
        (Scaled(1.0), Scaled(2.0)),
        (Scaled(1.0), Scaled(1.0, table=2.0)),
        (Scaled(1.0), Scaled(1.0, plain=2.0)),
    ],
)
def test_what_no_file_of_weights_holds_is_part_of_it(first: nn.Module, second: nn.Module) -> None:
    one, other = (nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), part) for part in (first, second))
    assert identity(one) != identity(other)
    assert identity(one) == identity(nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), first))


def test_a_persons_own_code_is_part_of_it(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 3))
    torch.save({f"body.{name}": value for name, value in module.state_dict().items()}, tmp_path / "w.pt")
    file = tmp_path / "own.py"
    code = (
        "import torch\nfrom torch import nn\n"
        "class Own(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.body, self.classes = nn.Sequential(nn.Conv2d(3, 2, 3)), ('a', 'b')\n"
        "    def forward(self, x):\n"
        "        return self.body(x).{how}((2, 3))\n"
    )
    found = []
    for how in ("mean", "amax", "mean"):
        file.write_text(code.format(how=how))
        found.append(open_network(tmp_path / "w.pt", architecture=f"{file}:Own", device="cpu"))
    first, second, third = (network.identity for network in found)
    assert first == third != second
    assert len({network.digest for network in found}) == 1
