"""Straight lines of layers are found from their weights: what is proposed is mostly right, and never silent."""

import contextlib
import random
import re
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from trainer.networks.candidate import OpeningQuestion
from trainer.networks.file_metadata import Said
from trainer.networks.straight_line.arrangement import Arrangement
from trainer.networks.straight_line.blueprint import arranged, found_line, proposed
from trainer.networks.straight_line.network import StraightLine
from trainer.networks.straight_line.search import proposals

SIDES = (28, 32, 64, 96, 128, 150, 224, 256)


@dataclass(frozen=True)
class Made:
    """A network as somebody may have written it: `holder` has its weights, `forward` is what it computes."""

    holder: nn.Module
    forward: nn.Sequential
    side: int
    channels: int
    average: bool


def made(seed: int) -> Made:
    """A small network with random depth, widths, norms, pools, numbers and names."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    while True:
        side, depth, channels = chance.choice(SIDES), chance.randint(2, 5), chance.choice([3, 3, 3, 1])
        style, norm, same = chance.choice(["two", "one", "named"]), chance.random() < 0.5, chance.random() < 0.8
        average, kernel = chance.random() < 0.15, chance.choice([3, 3, 3, 5])
        blocks, width, height = [], channels, side
        for place in range(depth):
            outputs = chance.choice([4, 6, 8, 16])
            block: list[nn.Module] = [nn.Conv2d(width, outputs, kernel, padding=kernel // 2 if same else 0)]
            block += [nn.BatchNorm2d(outputs)] if norm else []
            block.append(nn.ReLU())
            height -= 0 if same else kernel - 1
            if style == "named" or place == depth - 1 or chance.random() < 0.7:
                block.append(nn.MaxPool2d(2))
                height //= 2
            blocks.append(block)
            width = outputs
        inputs = width if average else width * height * height
        if height > 1 and inputs < 20_000:
            break
    hidden = chance.choice([0, 16])
    ending: list[nn.Module] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if average else [nn.Flatten()]
    last: list[nn.Module] = [nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, 2)] if hidden else [nn.Linear(inputs, 2)]
    body = [module for block in blocks for module in block]
    forward, holder = nn.Sequential(*body, *ending, *last).eval(), nn.Module()
    for module in forward.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    if style == "one":
        holder = forward
    elif style == "two":
        holder.features, holder.classifier = nn.Sequential(*body), nn.Sequential(*last)
    else:
        for place, block in enumerate(blocks):
            holder.add_module(f"conv{place + 1}", block[0])
            if norm:
                holder.add_module(f"bn{place + 1}", block[1])
        for place, module in enumerate(module for module in last if isinstance(module, nn.Linear)):
            holder.add_module(f"fc{place + 1}", module)
    return Made(holder, forward, side, channels, average)


def is_right(network: Made) -> bool:
    """Whether the first proposal computes what the network computes, on pictures of its own size."""
    found = found_line(network.holder.state_dict())
    assert found is not None
    first = proposals(found[0])[0].arrangement
    module = StraightLine(found[0], first).eval()
    module.load_state_dict(dict(found[0].tensors))
    if first.side != network.side and first.ending != "average":
        return False
    picture = torch.rand(1, network.channels, network.side, network.side)
    with torch.inference_mode():
        return torch.allclose(module(picture), network.forward(picture), atol=1e-5)


def test_the_first_proposal_is_mostly_right() -> None:
    assert sum(is_right(made(seed)) for seed in range(60)) >= 50


def test_what_is_proposed_is_said_and_what_is_unsure_is_asked() -> None:
    told, asked = [], []
    for seed in range(20):
        weights = made(seed).holder.state_dict()
        try:
            told.append(proposed(weights, "net.pt", Said()))
        except OpeningQuestion as question:
            asked.append((question, weights))
    assert told
    assert asked
    assert all("Proposed from the shapes of the weights" in one.assumed[0] and one.input_note for one in told if one)
    for question, weights in asked[:4]:
        assert question.about == "architecture"
        assert len(question.choices) > 1
        for choice in question.choices:  # each answer gets further
            answer = arranged(choice, weights, "net.pt").module()(torch.rand(1, *size_of(choice, weights)))
            assert answer.shape == (1, 2)


def size_of(text: str, weights: dict[str, torch.Tensor]) -> tuple[int, int, int]:
    """(channels, height, width) of the pictures of an arrangement."""
    side = Arrangement.parse(text).side
    return next(iter(weights.values())).shape[1], side, side


@pytest.mark.parametrize(
    "arrangement",
    [
        Arrangement("relu", True, "max2", (0, 1, 2), (), "flatten", 224),
        Arrangement("leaky", False, "avg2", (1,), ((0, 2),), "average", 64),
        Arrangement("none", True, "max2", (), (), "flatten", 32),
        Arrangement("relu", True, "max2", (0,), (), "flatten", 32, "pool"),
    ],
)
def test_an_arrangement_reads_back_what_it_writes(arrangement: Arrangement) -> None:
    assert Arrangement.parse(arrangement.text) == arrangement


@pytest.mark.parametrize(
    "text",
    [
        *("straight-line:rleu", "straight-line:max2@a", "straight-line:relu:same:9999", "other"),
        *("straight-line:max2@-1", "straight-line:max2@", "straight-line:max2@0,", "straight-line:stride0@0"),
        *("straight-line:stride-1@0", "straight-line:stride@0", "straight-line:stride2@-1"),
        *("straight-line:max2@0:avg2@1", "straight-line:stride2@0:stride3@0", "straight-line:relu:gelu"),
    ],
)
def test_what_arranges_nothing_is_refused_with_an_example_that_works(text: str) -> None:
    with pytest.raises(OpeningQuestion, match="straight-line:relu:same") as caught:
        Arrangement.parse(text)
    assert Arrangement.parse(caught.value.choices[0])


def test_weights_of_other_networks_are_no_straight_line() -> None:
    block = nn.Module()
    block.conv1, block.conv2, block.down = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 3), nn.Conv2d(3, 16, 1)
    assert found_line(block.state_dict()) is None
    assert found_line(nn.Sequential(nn.Linear(4, 4)).state_dict()) is None
    assert found_line(nn.LSTM(4, 4).state_dict()) is None


def test_weights_that_do_not_fit_what_was_said_name_what_fits() -> None:
    weights = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 2))
    with pytest.raises(OpeningQuestion, match="do not fit") as caught:
        arranged("straight-line:relu:same:max2@0:flatten:64", weights.state_dict(), "net.pt")
    assert arranged(caught.value.choices[0], weights.state_dict(), "net.pt").input.size == (32, 32)


@given(words=st.lists(st.text() | st.from_regex(r"(max2|avg2|stride\d?)@[-0-9,x]{0,4}", fullmatch=True), max_size=4))
def test_any_arrangement_reads_or_is_refused(words: list[str]) -> None:
    with contextlib.suppress(OpeningQuestion):
        arrangement = Arrangement.parse(":".join(["straight-line", *words]))
        assert Arrangement.parse(arrangement.text) == arrangement


@pytest.mark.parametrize("word", ["max2@9", "max2@0,2", "stride2@2"])
def test_a_pool_or_stride_of_a_convolution_that_is_not_there_is_refused(word: str) -> None:
    weights = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Flatten(), nn.Linear(4096, 2)
    )
    with pytest.raises(OpeningQuestion, match=r"net\.pt has 2 convolutions, 0 to 1") as caught:
        arranged(f"straight-line:relu:same:{word}:flatten:32", weights.state_dict(), "net.pt")
    assert all(arranged(choice, weights.state_dict(), "net.pt") for choice in caught.value.choices)


class Residual(nn.Module):
    """As transformers and MONAI write EfficientNets and MobileNets: one convolution fits after the other, and all run
    otherwise."""

    def __init__(self, words: tuple[str, str, str], depthwise: bool) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        for word, layer in zip(
            words,
            (nn.Conv2d(8, 16, 1), nn.Conv2d(16, 16, 3, groups=16 if depthwise else 1), nn.Conv2d(16, 8, 1)),
            strict=True,
        ):
            self.add_module(word, layer)
        self.classifier = nn.Linear(8, 2)


@pytest.mark.parametrize(
    ("words", "depthwise"),
    [
        (("conv1", "conv2", "conv3"), True),
        (("squeeze", "conv2", "excite"), False),
        (("a", "_se_reduce", "_se_expand"), False),
        (("expansion_layer", "conv2", "projection"), False),
        (("expand_1x1", "conv_3x3", "reduce_1x1"), False),
        (("conv1", "conv2", "shortcut"), False),
        (("conv1", "conv2", "downsample"), False),
    ],
)
def test_networks_that_branch_are_not_offered_as_straight_lines(words: tuple[str, str, str], depthwise: bool) -> None:
    assert proposed(Residual(words, depthwise).state_dict(), "net.pt", Said()) is None


def test_very_many_convolutions_are_not_offered_as_a_straight_line() -> None:
    layers = [nn.Conv2d(3, 4, 3), *(nn.Conv2d(4, 4, 3) for _ in range(51)), nn.Linear(4, 2)]
    weights = nn.ModuleList(layers).state_dict()
    assert proposed(weights, "net.pt", Said()) is None
    assert arranged("straight-line:relu:same:nopool:average:64", weights, "net.pt").classes == 2  # who names it knows


def test_steps_of_two_are_among_the_answers_and_how_to_write_them_is_said() -> None:
    torch.manual_seed(0)
    blocks = [
        nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
        for before, after in ((3, 8), (8, 16), (16, 32))
    ]
    network = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2)).eval()
    with pytest.raises(OpeningQuestion, match="stride2@0") as caught:
        proposed(network.state_dict(), "net.pt", Said())
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        answers = [
            arranged(choice, network.state_dict(), "net.pt").module().eval()(picture) for choice in caught.value.choices
        ]
        assert any(torch.allclose(answer, network(picture), atol=1e-6) for answer in answers)


def numbered(*blocks: str) -> nn.Sequential:
    """A numbered line on 64 x 64 pictures; of each block the letters: Conv, Relu, Norm, Pool, Dropout."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    width = 3
    for block, outputs in zip(blocks, (8, 16), strict=True):
        kinds = {
            "C": nn.Conv2d(width, outputs, 3, padding=1),
            "R": nn.ReLU(),
            "N": nn.BatchNorm2d(outputs),
            "P": nn.MaxPool2d(2),
            "D": nn.Dropout(),
        }
        layers += [kinds[letter] for letter in block]
        width = outputs
    line = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 16 * 16, 3)).eval()
    for norm in (part for part in line if isinstance(part, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)  # below 0, a norm and a pool after it are not the same as the pool and the norm
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    return line


@pytest.mark.parametrize("block", ["CNRP", "CRNP", "CRNPD", "CRPN"])
def test_the_numbers_tell_where_a_norm_stands(block: str) -> None:
    network = numbered(block, block)
    found = proposed(network.state_dict(), "net.pt", Said())
    assert found is not None
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(found.module().eval()(picture), network(picture))
    assert ("behind" in found.assumed[0]) == (block != "CNRP")
    again = arranged(found.name, network.state_dict(), "net.pt")
    with torch.inference_mode():
        torch.testing.assert_close(again.module().eval()(picture), network(picture))


def test_a_norm_whose_place_no_number_tells_is_said_to_be_unsure_and_can_be_named() -> None:
    network, named = numbered("CRNP", "CRNP"), nn.Module()
    named.conv1, named.bn1, named.conv2, named.bn2, named.fc = (network[place] for place in (0, 2, 4, 6, 9))
    found = proposed(named.state_dict(), "net.pt", Said(size=(64, 64)))
    assert found is not None
    assert "only usual" not in found.assumed[0]
    other = re.findall(r"another: --architecture ([\w:@,-]+)", found.assumed[0])[-1]
    assert ":normlast:" in other
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(
            arranged(other, named.state_dict(), "net.pt").module().eval()(picture), network(picture)
        )


def test_the_one_module_between_two_convolutions_may_be_a_pool() -> None:
    network = numbered("CP", "CP")
    found = proposed(network.state_dict(), "net.pt", Said())
    assert found is not None
    assert "only usual" not in found.assumed[0]
    other = re.findall(r"another: --architecture ([\w:@,-]+)", found.assumed[0])[0]
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(
            arranged(other, network.state_dict(), "net.pt").module().eval()(picture), network(picture)
        )


def ended(*layers: nn.Module) -> dict[str, torch.Tensor]:
    return nn.Sequential(*layers).state_dict()


@pytest.mark.parametrize("both", [True, False])
def test_the_slopes_of_a_prelu_are_a_trace_of_the_activation(both: bool) -> None:
    second = nn.PReLU() if both else nn.ReLU()
    blocks = [nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), second]
    found = proposed(ended(*blocks, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16 * 16, 2)), "net.pt", Said())
    assert found is not None
    said = found.assumed[0]
    assert "PReLU" in said
    assert ("No file holds a trace" in said) != both


def test_an_arrangement_that_cannot_be_written_is_led_to_its_own_class() -> None:
    first, second = nn.Conv2d(3, 16, 5, padding=1), nn.Conv2d(16, 32, 5, padding=1)
    blocks = [first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    with pytest.raises(OpeningQuestion, match=r"file\.py:factory for none of these"):
        proposed(ended(*blocks, nn.Linear(32 * 54 * 54, 2)), "net.pt", Said())
    larger = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    found = proposed(ended(*larger, nn.MaxPool2d(4), nn.Flatten(), nn.Linear(8 * 14 * 14, 2)), "net.pt", Said())
    assert found is not None
    assert "arranged otherwise, its own class opens it" in found.assumed[0]
