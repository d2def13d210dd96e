"""Story: a person without any data draws pictures, trains a network on them, and looks at it."""

from pathlib import Path

import pytest

from explorer.state.start import Start
from tests.e2e.conftest import Open
from trainer import cli


def test_from_nothing_to_a_network_in_the_window(
    open_window: Open, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def trainer(*words: object) -> str:
        assert cli.main([str(word) for word in words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    drawn, cohort, run = tmp_path / "drawn", tmp_path / "drawn.h5", tmp_path / "run"
    trainer("synthesize", "--count", 24, "--out", drawn, "--planted", "ruler:0.9")
    trainer("prepare", "--images", drawn / "images", "--out", cohort)
    assert "malignant" in trainer("describe", cohort)
    trainer(
        "train",
        "--data",
        cohort,
        "--recipe",
        "demo",
        "--size",
        64,
        "--epochs",
        2,
        "--batch",
        8,
        "--out",
        run,
        "--device",
        "cpu",
    )
    assert (run / "report.html").stat().st_size > 10_000
    trainer(
        "evaluate",
        "--model",
        run / "network.safetensors",
        "--data",
        cohort,
        "--out",
        tmp_path / "report",
        "--draws",
        100,
    )
    person = open_window(Start(model=run / "network.safetensors", images=drawn / "images", device="cpu"))
    person.wait_for_maps()
    assert {name for name, value in person.parts.top._bars.values} == {"benign", "malignant"}
    assert len(person.workspace.library.folder.pictures) == 24
    assert person.workspace.library.folder.labels.of(person.view.picture) in ("benign", "malignant")
