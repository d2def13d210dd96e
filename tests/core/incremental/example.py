"""The worked example of docs/incremental.md: `python -m tests.core.incremental.example` draws docs/incremental.svg."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from explorer.core.incremental.delta import Flat
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.propagation import propagate
from explorer.core.incremental.traced_graph import operation, trace
from tests.conftest import ROOT

DRAWING = ROOT / "docs" / "incremental.svg"
CELL, GAP, TOP = 24, 34, 40
TITLES = {
    "placeholder": "picture",
    "Conv2d": "convolution",
    "ReLU": "ReLU",
    "MaxPool2d": "max pooling",
    "Linear": "score",
}


@dataclass(frozen=True)
class Stage:
    """A value (H, W) before and after the patch, and the window (top, left, height, width) that it may change."""

    title: str
    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    window: tuple[int, int, int, int]


def picture() -> torch.Tensor:
    """A dark lesion of two depths on pale skin, (1, 1, 8, 8); high values are dark."""
    rows = ["00000000", "00110000", "01122100", "01233210", "01233210", "00122100", "00011000", "00000000"]
    return torch.tensor([[float(letter) for letter in row] for row in rows])[None, None]


def network() -> nn.Sequential:
    """A cross of ones (padding 1) less 4, ReLU, the highest of every 2 x 2, and the sum of all that is left."""
    convolution, linear = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(16, 1)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]]))
        convolution.bias.fill_(-4)  # type: ignore[union-attr]
        linear.weight.fill_(1)
        linear.bias.zero_()
    return nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), linear).eval().requires_grad_(False)


def stages() -> list[Stage]:
    """What a patch of 2 x 2 zeros at row 2, column 3 makes of every value of the network."""
    batch = picture()
    graph = trace(network(), batch)
    top, left = 2, 3
    change = DeltaWindow(-batch[None, :, :, top : top + 2, left : left + 2].clone(), (top,), (left,), (8, 8))
    nodes = [node for node in graph.module.graph.nodes if node.op != "output"]
    found = []

    def see(node: torch.fx.Node, value: object) -> None:
        base = graph.base[node]
        if isinstance(value, Flat):
            return
        if isinstance(value, DeltaWindow):
            after, window = value.full(base), (value.tops[0], value.lefts[0], value.height, value.width)
        else:
            assert isinstance(value, torch.Tensor)
            after, window = value, (0, 0, 1, 1)
        title = TITLES["placeholder" if node.op == "placeholder" else operation(graph.module, node)]
        plain = [values.reshape(values.shape[-2:]).numpy().copy() for values in (base, after)]
        found.append(Stage(title, plain[0], plain[1], window))

    propagate(graph, change, nodes, see)
    return found


def drawing(shown: list[Stage]) -> str:
    """The stages from left to right, with the patch: windows framed, what changed filled, with its old value."""
    parts, x = [], GAP
    for stage in shown:
        height, width = stage.before.shape
        parts.append(_text(x, TOP - 14, stage.title, 13, "start", "#1b1e23"))
        for row, column in np.ndindex(height, width):
            old, new = stage.before[row, column], stage.after[row, column]
            left, top = x + column * CELL, TOP + row * CELL
            parts.append(_box(left, top, CELL, CELL, "#ffffff" if old == new else "#f6d5a8", "#d5d8dd", 1))
            parts.append(_text(left + CELL // 2, top + 17, f"{new:.0f}", 12, "middle", "#1b1e23"))
            if old != new:
                parts.append(_text(left + CELL - 2, top + 8, f"{old:.0f}", 8, "end", "#6f7680"))
        row, column, tall, wide = stage.window
        parts.append(_box(x + column * CELL, TOP + row * CELL, wide * CELL, tall * CELL, "none", "#0072b2", 2.5))
        x += width * CELL + GAP
    ground = _box(0, 0, x, TOP + 8 * CELL + 16, "#ffffff", "none", 0)
    size = f'width="{x}" height="{TOP + 8 * CELL + 16}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', ground, *parts, "</svg>"]) + "\n"


def _text(x: int, y: int, text: str, size: int, anchor: str, color: str) -> str:
    font = f'font-family="sans-serif" font-size="{size}"'
    return f'<text x="{x}" y="{y}" {font} text-anchor="{anchor}" fill="{color}">{text}</text>'


def _box(x: int, y: int, width: int, height: int, fill: str, line: str, thick: float) -> str:
    area = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    return f'<rect {area} fill="{fill}" stroke="{line}" stroke-width="{thick}"/>'


if __name__ == "__main__":
    DRAWING.write_text(drawing(stages()), "utf-8")
