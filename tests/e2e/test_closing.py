"""Story: a person closes the window while something is not done, and is asked first."""

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox

import explorer.core.report as report
from explorer.core.concepts import corrections, read_corrections
from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.state.workers import kept_changes
from tests.e2e.conftest import Person

Button = QMessageBox.StandardButton


def answered(monkeypatch: pytest.MonkeyPatch, kind: str, button: Button) -> list[str]:
    """What a box of this kind asks, which is answered with a button."""
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, kind, lambda *words: (asked.append(words[2]), button)[1])
    return asked


def test_statements_that_a_full_disk_did_not_take_are_asked_about(
    demo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *content: object) -> None:
        raise UserError(f"{path} could not be saved: the disk is full.")

    monkeypatch.setattr(kept_changes, "RETRY_MS", 100)
    lists = demo.workspace.lists
    demo.until(lambda: lists.ready)
    with monkeypatch.context() as patch:
        patch.setattr(corrections, "write_corrections", full)
        lists.say("drawn_01.jpg", "hair", True)
        demo.until(lambda: "the disk is full" in demo.message)
        asked = answered(patch, "warning", Button.Cancel)
        demo.window.close()
        assert demo.window.isVisible()
        assert asked[0].startswith("What was said of artifacts last could not be written to ")
        assert "the disk is full" in asked[0]
    demo.until(lambda: not lists.keeping.unsaved)
    assert read_corrections(lists.file).of("drawn_01.jpg", "hair") is True
    asked = answered(monkeypatch, "warning", Button.Cancel)
    demo.window.close()
    assert not demo.window.isVisible()
    assert asked == []


def test_a_running_report_is_asked_about(demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, library = threading.Event(), demo.workspace.library
    build_index(library.network.copy(), library.folder.path, tmp_path / "index.h5")
    demo.workspace.evidence.take(open_index(tmp_path / "index.h5"))
    monkeypatch.setattr(report, "evidence_report", lambda *words, **more: may_end.wait(60))
    demo.commands.report.write(tmp_path / "report.html")
    asked = answered(monkeypatch, "question", Button.Cancel)
    demo.window.close()
    assert demo.window.isVisible()
    assert "Close still?" in asked[0]
    may_end.set()
    demo.until(lambda: not demo.workspace.reporting.running)
    demo.window.close()
    assert not demo.window.isVisible()
    assert len(asked) == 1
