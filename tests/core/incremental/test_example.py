import numpy as np
import torch

from tests.core.incremental.example import DRAWING, drawing, network, picture, stages


def test_the_worked_example_gives_what_the_whole_network_gives() -> None:
    covered = picture()
    covered[0, 0, 2:4, 3:5] = 0
    value, wholes = covered, [covered]
    for part in network():
        value = part(value)
        if value.dim() == 4 or value.numel() == 1:
            wholes.append(value)
    found = stages()
    assert [stage.title for stage in found] == ["picture", "convolution", "ReLU", "max pooling", "score"]
    for stage, whole in zip(found, wholes, strict=True):
        assert np.array_equal(stage.after, whole.reshape(stage.after.shape).numpy())
        top, left, height, width = stage.window
        outside = np.ones_like(stage.before, bool)
        outside[top : top + height, left : left + width] = False
        assert np.array_equal(stage.before[outside], stage.after[outside]), "nothing changes outside of the window"
    assert torch.equal(torch.tensor([stage.window for stage in found[:4]]), torch.tensor(
        [[2, 3, 2, 2], [1, 2, 4, 4], [1, 2, 4, 4], [0, 1, 3, 2]]
    ))  # fmt: skip


def test_the_drawing_in_the_docs_is_this_example() -> None:
    assert DRAWING.read_text("utf-8") == drawing(stages())
