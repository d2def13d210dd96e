"""What tests of the trainer share."""

import pytest


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without drawings, which take most of the time of a small run's end."""
    monkeypatch.setattr("trainer.report.figures.drawn", lambda *facts: {})
