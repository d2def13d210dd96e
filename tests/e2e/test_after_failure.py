"""Story: something fails or is stopped; nothing goes on saying that it is being done, and it can be tried again."""

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox, QToolButton

import explorer.core.attribution.occlusion.live_patch as covering
import explorer.core.attribution.occlusion.sensitivity as occlusion
import explorer.core.images as images
import explorer.core.maps.activations as activations
import explorer.core.network.opening as network_module
from explorer.core.errors import UserError, in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import TagBook
from explorer.core.tags.hdf5_file import save_tags
from explorer.core.tags.shared_file import TagFile
from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from tests.e2e.conftest import Open, Person
from tests.networks import save_small

FAILURES = [UserError("The picture is too large for this machine."), RuntimeError("out of memory"), MemoryError()]


class Failing:
    """Stands before a function and fails for as long as it is told to; `calls` counts."""

    def __init__(self, real: Any, error: BaseException | None) -> None:
        self._real, self.error, self.calls = real, error, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self._real(*arguments, **options)


def fail(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, error: BaseException | None) -> Failing:
    failing = Failing(getattr(module, name), error)
    monkeypatch.setattr(module, name, failing)
    return failing


@pytest.fixture
def small(open_window: Open, tmp_path: Path, pictures: Path) -> Person:
    person = open_window(Start(model=save_small(tmp_path / "n.safetensors"), images=pictures, device="cpu"))
    person.wait_for_maps()
    return person


def said(person: Person) -> str:
    return person.parts.center.browser.lens_strip._said.text()


@pytest.mark.parametrize("error", FAILURES, ids=["for people", "internal", "memory"])
def test_a_failed_sweep_says_so_and_can_be_tried_again(
    small: Person, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    failing = fail(monkeypatch, occlusion, "occlude", error)
    panel = small.parts.center.browser.lens_strip
    small.press("X")
    small.until(lambda: small.workspace.lens.trouble)
    assert "Measuring" not in said(small)
    assert str(error) in said(small)
    assert said(small) == in_words(error)
    assert panel._again.isVisible()
    assert str(error) in small.message
    small.qtbot.wait(300)
    assert failing.calls == 1  # not again by itself
    failing.error = None
    small.click(panel._again)
    small.until(lambda: small.workspace.lens.found is not None and not small.workspace.lens.rough)
    assert "on the whole picture" in said(small)
    assert not panel._again.isVisible()


def test_another_wish_is_tried_after_a_failure(small: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = fail(monkeypatch, occlusion, "occlude", RuntimeError("out of memory"))
    small.press("X")
    small.until(lambda: small.workspace.lens.trouble)
    failing.error = None
    small.workspace.lens.update(size=32)
    small.until(lambda: small.workspace.lens.found is not None)
    assert not small.workspace.lens.trouble


def test_a_stopped_sweep_says_so_and_keeps_its_rough_map(small: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    real, stopped = occlusion.occlude, threading.Event()

    def slow(*arguments: Any, on_step: OnStep, on_rough: Any, **options: Any) -> Any:
        rough = real(*arguments, **options)
        on_step(1, 9)
        on_rough(rough)
        stopped.wait(30)
        on_step(2, 9)
        return rough

    monkeypatch.setattr(occlusion, "occlude", slow)
    small.press("X")
    small.until(lambda: small.workspace.lens.rough)
    assert "Refining" in said(small)
    cancel = next(button for button in small.parts.status.findChildren(QToolButton) if button.text() == "Cancel")
    small.until(cancel.isVisible)
    small.click(cancel)
    stopped.set()
    assert "Refining" not in said(small)
    assert "Stopped" in said(small)
    assert small.workspace.lens.found is not None
    monkeypatch.setattr(occlusion, "occlude", real)
    small.click(small.parts.center.browser.lens_strip._again)
    small.until(lambda: not small.workspace.lens.rough and small.workspace.lens.found is not None)
    assert "Stopped" not in said(small)


def test_a_patch_that_cannot_be_measured_is_not_shown(small: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    small.press("X")
    small.until(lambda: small.workspace.lens.found is not None)
    occluding, panel = small.workspace.occluding, small.parts.center.browser.lens_strip
    occluding.cover(3, 4)
    small.until(lambda: occluding.patch is not None)
    failing = fail(monkeypatch, covering.LivePatch, "at", RuntimeError("no such memory"))
    occluding.cover(12, 14)
    small.until(lambda: occluding.trouble)
    assert occluding.patch is None
    assert "no such memory" in panel._hint.text()
    monkeypatch.setattr(covering.LivePatch, "at", failing._real)
    occluding.cover(12, 14)
    small.until(lambda: occluding.patch is not None)
    assert (occluding.patch.covered.top, occluding.patch.covered.left) == (12, 14)
    assert "no such memory" not in panel._hint.text()


def test_a_network_that_fails_on_a_picture_leaves_no_text_about_another(
    small: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.press("X")
    small.until(lambda: small.workspace.lens.found is not None)
    failing = fail(monkeypatch, activations, "record", RuntimeError("no kernel for this"))
    small.press("Down")
    small.until(lambda: "no kernel for this" in small.message)
    assert "no kernel for this" in said(small)
    assert small.workspace.pipeline.activations is None
    failing.error = None
    small.press("Down")
    small.until(lambda: small.workspace.lens.found is not None)
    assert "no kernel for this" not in said(small)


@pytest.mark.parametrize("end", ["fails", "is stopped"])
def test_the_page_that_says_what_is_opened_goes(
    end: str, open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, may_end = save_small(tmp_path / "n.safetensors"), threading.Event()

    def slow(*arguments: Any, **options: Any) -> Any:
        may_end.wait(30)
        raise RuntimeError("out of memory")

    person = open_window()
    with monkeypatch.context() as patch:
        patch.setattr(network_module, "open_network", slow)
        person.workspace.opening.open_model(Request(model, device="cpu"))
        center = person.parts.center
        assert center._stack.currentWidget() is center._opening
        cancel = next(button for button in person.parts.status.findChildren(QToolButton) if button.text() == "Cancel")
        person.until(cancel.isVisible)
        if end == "is stopped":
            person.click(cancel)
        may_end.set()
        person.until(lambda: center._stack.currentWidget() is center._empty)
        person.until(lambda: not person.workspace.library.interactive.busy())
    assert not cancel.isVisible()
    person.workspace.opening.open_model(Request(model, device="cpu"))
    person.until(lambda: person.workspace.library.network is not None)


def test_one_picture_on_which_the_network_fails_does_not_cost_the_others(
    small: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, real = small.workspace.library, activations.predict
    bad, *others = library.folder.pictures[4:8]
    content = images.read_image(bad).tobytes()

    def sometimes(network: Any, rgb: Any) -> Any:
        if rgb.tobytes() == content:
            raise RuntimeError("a picture like no other")
        return real(network, rgb)

    monkeypatch.setattr(activations, "predict", sometimes)
    library.predictions.forget(library.folder.pictures)
    small.until(
        lambda: [library.predictions.get(picture) is not None for picture in [bad, *others]] == [False, *[True] * 3]
    )
    assert "a picture like no other" in small.message
    small.parts.problems.hide()
    library.predictions.get(bad)
    small.qtbot.wait(100)
    assert not small.message  # said once


def test_a_picture_that_was_mended_is_no_longer_called_unreadable(small: Person, pictures: Path) -> None:
    picture = small.workspace.library.folder.pictures[2]
    whole = picture.read_bytes()
    picture.write_bytes(whole[:60])
    small.workspace.session.update(picture=picture)
    small.until(lambda: picture in small.workspace.library.bad)
    assert "1 unreadable" in small.parts.status.bad.text()
    picture.write_bytes(whole)
    for wanted in (small.workspace.library.folder.pictures[3], picture):
        small.workspace.session.update(picture=wanted)
        small.until(
            lambda wanted=wanted: small.workspace.pipeline.shown and small.workspace.pipeline.shown.picture == wanted
        )
    small.until(lambda: picture not in small.workspace.library.bad)
    assert not small.parts.status.bad.isVisible()
    assert small.parts.pictures.model.data(small.parts.pictures.model.index(2, 0)) == picture.stem


def test_a_failed_export_leaves_no_progress_and_another_can_begin(small: Person) -> None:
    library, ended = small.workspace.library, []

    def broken(network: Any, on_step: OnStep) -> None:
        on_step(3, 10)
        raise RuntimeError("the disk went away")

    library.network_session.run(library.long, "export", broken, ended.append, small.parts.problems.show_error)
    small.until(lambda: "the disk went away" in small.message)
    assert small.parts.status._slot == ""
    assert not library.long.busy("export")
    library.network_session.run(library.long, "export", lambda network, on_step: "done", ended.append)
    small.until(lambda: ended == ["done"])


def test_a_key_pressed_before_the_tags_are_there_is_answered_and_the_answer_goes(
    demo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, may_end, begin = demo.workspace.tagging.path, threading.Event(), TagFile.begin
    monkeypatch.setattr(TagFile, "begin", lambda *told: may_end.wait(60) and begin(*told))
    demo.workspace.tagging.close()
    demo.workspace.opening.open_tags(path)
    demo.press("H")
    demo.until(lambda: demo.message)
    assert "still being opened" in demo.message
    may_end.set()
    demo.until(lambda: demo.workspace.tagging.path is not None)
    assert demo.message == ""
    demo.press("H")
    assert demo.message == ""


def test_a_wish_that_changed_while_another_failed_is_found(small: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    what_if, real, may_fail = small.workspace.what_if, activations.record, threading.Event()
    small.qtbot.waitUntil(lambda: not small.workspace.library.interactive.busy())

    def slow(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(activations, "record", real)
        may_fail.wait(30)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(activations, "record", slow)
    what_if.look(True)
    what_if.update(gamma=2.0)
    small.until(lambda: activations.record is real)
    what_if.update(gamma=1.5)
    may_fail.set()
    small.until(lambda: what_if.picture is not None)
    assert "1.5" in what_if.said


def test_a_patch_that_was_moved_while_another_place_failed_is_measured(
    small: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.press("X")
    small.until(lambda: small.workspace.lens.found is not None and not small.workspace.lens.rough)
    occluding, real = small.workspace.occluding, covering.LivePatch.at
    began, may_fail = threading.Event(), threading.Event()

    def slow(live: Any, occluder: Any, top: int, left: int, **options: Any) -> Any:
        if (top, left) != (3, 4):
            return real(live, occluder, top, left, **options)
        began.set()
        may_fail.wait(30)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(covering.LivePatch, "at", slow)
    occluding.cover(3, 4)
    small.until(began.is_set)
    occluding.cover(12, 14)
    may_fail.set()
    small.until(lambda: occluding.patch is not None)
    assert (occluding.patch.covered.top, occluding.patch.covered.left) == (12, 14)


def test_where_tags_go_when_anothers_were_not_opened_is_said(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_tags(tmp_path / "theirs.h5", TagBook("f" * 64, "another", "scratch_cnn"))
    monkeypatch.setattr(QMessageBox, "warning", lambda *arguments: QMessageBox.StandardButton.Cancel)
    model = save_small(tmp_path / "n.safetensors")
    person = open_window(Start(model=model, images=pictures, tags=tmp_path / "theirs.h5", device="cpu"))
    person.wait_for_maps()
    own = person.workspace.tagging.path
    assert own != tmp_path / "theirs.h5"
    assert "theirs.h5 was not opened" in person.message
    assert own.name in person.message
    assert "nowhere" not in person.message
