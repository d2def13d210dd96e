"""What is told of a network says how a picture becomes its input."""

import pytest

from explorer.state.opened.network_facts import input_words
from trainer.networks.input_spec import InputSpec

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (InputSpec(), "224 × 224 RGB, the whole picture squashed to that; values 0 to 1"),
        (
            InputSpec((299, 299), "shortest", 342, *IMAGENET),
            "299 × 299 RGB, shorter side to 342, the centre cut out; mean 0.485, 0.456, 0.406; std 0.229, 0.224, 0.225",
        ),
        (
            InputSpec((64, 96), "squash", 72, (0.5,), (0.25,), gamma=2.0),
            "64 × 96 grey, the whole picture squashed to 72, the centre cut out; "
            "mean 0.5; std 0.25; preprocessed before",
        ),
    ],
)
def test_the_input_in_words(spec: InputSpec, words: str) -> None:
    assert input_words(spec) == words
