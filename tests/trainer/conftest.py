"""Small tensors are computed faster by one thread, above all on a busy machine."""

import pytest


@pytest.fixture(autouse=True)
def always_one_thread(one_thread: None) -> None:
    """Every test of the trainer."""
