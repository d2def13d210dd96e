"""Story: a stranger's files have names that look like markup; the window shows them as they are and renders none."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QTextDocumentFragment
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLabel, QMessageBox, QWidget

from explorer.core.tags.book import FilterKey
from explorer.state.start import Start
from tests.e2e.conftest import DEMO, Open, Person
from trainer.networks import checkpoint

MARKUP = re.compile(r"<(img|b|i|u|h1|a)\b")
HOST = "<img src=h><b>host"


@pytest.fixture
def strange(open_window: Open, tmp_path: Path) -> Person:
    """A window on a network, a folder, classes, words and a lock whose every name is markup, or has an "&"."""
    folder = tmp_path / "<b>F & G"
    folder.mkdir()
    shutil.copy(DEMO / "pictures" / "drawn_02.jpg", folder / "<img src=x.png>.jpg")
    shutil.copy(DEMO / "pictures" / "drawn_01.jpg", folder / "a & b<h1>.jpg")
    (folder / "z<h1>bad.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "classes.csv").write_text("image,label\n<img src=x.png>,<img src=q>\na & b<h1>,<b>one & two\n")
    model = tmp_path / "<i>n & t[*].safetensors"
    demo = checkpoint.load(DEMO / "demo-scratch-cnn.safetensors")
    named = {**demo.training, "meaning": "<h1>meaning"}
    checkpoint.save(model, replace(demo, classes=("<img src=a>", "<b>m & n"), licence="<h1>l & m", training=named))
    home = tmp_path / "home"
    home.mkdir()
    (home / "tags.toml").write_text(
        '[[tag]]\nword = "<b>w & v"\ntitle = "<b>t & u"\nkey = "K"\n'
        'description = "<img src=z><b>desc & more"\ndetails = ["<u>d & e"]\n'
    )
    (tmp_path / f"{model.stem}.tags.h5.lock").write_text(json.dumps({"host": HOST, "process": 1}))
    person = open_window(Start(model=model, images=folder, labels=tmp_path / "classes.csv", device="cpu"))
    person.wait_for_maps()
    return person


def seen(text: str) -> str:
    """What Qt shows of a text that it may take for markup."""
    return QTextDocumentFragment.fromHtml(text).toPlainText() if GuiQt.mightBeRichText(text) else text


def rendered(part: QWidget) -> list[str]:
    """What of a widget and all in it would be rendered as markup, or loses an "&"."""
    found = []
    for child in (part, *part.findChildren(QWidget)):
        if child.toolTip() and MARKUP.search(child.toolTip()):
            found.append(f"tooltip of {type(child).__name__}: {child.toolTip()}")
        if isinstance(child, QLabel) and child.textFormat() != Qt.TextFormat.PlainText and MARKUP.search(child.text()):
            found.append(f"label: {child.text()}")
        if isinstance(child, QAbstractButton) and "&" in child.text().replace("&&", ""):
            found.append(f"button: {child.text()}")
        if isinstance(child, QAbstractItemView) and child.model() is not None:
            for row in range(min(child.model().rowCount(), 8)):
                text = child.model().index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
                if isinstance(text, str) and MARKUP.search(text):
                    found.append(f"tooltip of a row: {text}")
        for action in child.findChildren(QAction):
            # The menus' own keys, and the digits of lenses.
            if "&" in action.text().replace("&&", "") and not re.fullmatch(r"&([A-Z]\w+|\d  [^&]+)", action.text()):
                found.append(f"entry: {action.text()}")
    return found


def test_no_name_is_rendered(strange: Person) -> None:
    window, parts, workspace = strange.window, strange.parts, strange.workspace
    assert workspace.tagging.read_only
    assert HOST in parts.tags._locked.text()
    for picture in workspace.library.folder.pictures:
        workspace.session.update(picture=picture)
        strange.until(lambda picture=picture: workspace.pipeline.shown is not None or picture in workspace.library.bad)
        assert rendered(window) == []
    strange.until(lambda: workspace.library.bad)  # the last picture: there are no maps of it
    workspace.session.update(picture=workspace.library.folder.pictures[1])
    strange.wait_for_maps()
    assert rendered(window) == []
    assert seen(parts.top._model.toolTip()).splitlines()[0].startswith("<i>n & t[*]: ")
    assert "classes: <img src=a>, <b>m & n" in seen(parts.top._model.toolTip())
    assert parts.top._folder.text() == "<b>F && G · 3"
    assert parts.tags.words.buttons["<b>w & v"].text() == "K  <b>t && u"
    assert seen(parts.tags.words.buttons["<b>w & v"].toolTip()) == "<img src=z><b>desc & more (K)"
    assert "<i>n & t[*].tags.h5" in window.windowTitle().replace("[*][*]", "[*]")
    tips = [seen(parts.pictures.list.model().index(row, 0).data(Qt.ItemDataRole.ToolTipRole)) for row in range(3)]
    assert any(tip.startswith("a & b<h1>.jpg\n") for tip in tips)


def test_the_sheet_of_keys_shows_a_word_as_it_is(strange: Person) -> None:
    from explorer.ui.dialogs.key_sheet import KeySheet

    sheet = KeySheet(strange.commands.actions.groups, strange.window)
    assert "<b>t & u" in [label.text() for label in sheet.findChildren(QLabel)]
    assert rendered(sheet) == []
    sheet.close()


def test_recent_files_keep_their_names(strange: Person) -> None:
    menu = strange.parts.top._folder.menu()
    menu.aboutToShow.emit()
    assert "<b>F && G" in menu.actions()[-1].text()
    assert rendered(menu) == []


def test_no_message_box_renders_a_name(strange: Person, tmp_path: Path) -> None:
    strange.until(lambda: strange.workspace.library.bad)
    said: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            labels = [label for label in box.findChildren(QLabel) if label.text()]
            assert all(
                label.textFormat() == Qt.TextFormat.PlainText or not MARKUP.search(label.text()) for label in labels
            )
            said.extend(seen(label.text()) for label in labels)
            box.close()

    timer = QTimer(interval=20)
    timer.timeout.connect(look)
    timer.start()
    files, network = strange.commands.files, strange.workspace.library.network
    strange.commands.tags.take_over()
    files.show_unreadable()
    strange.commands.about()
    from explorer.core.tags.book import TagBook
    from explorer.ui.dialogs.questions import confirm_code

    assert not confirm_code(tmp_path / "<b>own.py", strange.window)
    files.ask_foreign_tags(tmp_path / "<h1>x.h5", TagBook("d" * 64, "<b>theirs", "<i>arch", []), network)
    timer.stop()
    text = "\n".join(said)
    for name in (HOST, "z<h1>bad.jpg", "<b>own.py", "<h1>x.h5", "<b>theirs", "<i>arch", "<i>n & t[*]"):
        assert name in text
    assert strange.workspace.tagging.book.tags(FilterKey(7, 0)) == ()


def test_a_problem_shows_its_text_and_its_tip_as_they_are(strange: Person) -> None:
    strange.parts.problems.show_text("<b>what & why</b>", "Do <i>it & go", lambda: None, tip="<h1>tip</h1>\n & more")
    assert strange.message == "<b>what & why</b>"
    assert seen(strange.parts.problems._text.toolTip()) == "<h1>tip</h1>\n & more"
    assert rendered(strange.window) == []
