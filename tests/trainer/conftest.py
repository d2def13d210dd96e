"""Small tensors are computed faster by one thread, above all on a busy machine."""

import pytest


@pytest.fixture(autouse=True)
def always_one_thread(one_thread: None) -> None:
    """Every test of the trainer."""


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without drawings, which take most of the time of a small run's end."""
    monkeypatch.setattr("trainer.report.figures.drawn", lambda *facts: {})
