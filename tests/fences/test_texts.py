"""Every text of the window is shown as it is, whoever wrote it: no markup, no lost "&"."""

import ast

import pytest

from tests.conftest import ROOT

MAKES_MARKUP = {"QLabel", "QPushButton", "QToolButton", "QMessageBox", "QErrorMessage", "QTextBrowser", "QToolTip"}
"""What takes a text for markup, or an "&" for a key; `widgets/plain_text.py` alone uses these."""
SETS_MARKUP = {
    "setToolTip",
    "setStatusTip",
    "setWhatsThis",
    "setTextFormat",
    "setInformativeText",
    "setHtml",
    "showText",
    "showMessage",
    "toolTip",
    "statusTip",
    "whatsThis",
}
ESCAPED = {"addAction": "entry_text", "QAction": "entry_text", "setTabText": "entry_text", "addTab": "entry_text"}
ESCAPED |= {"setWindowTitle": "title_text"}


def texts_that_may_be_rendered(code: str) -> list[str]:
    """Where code shows a text by another way than through `explorer.ui.widgets.plain_text`."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "PySide6.QtWidgets":
            found += [alias.name for alias in node.names if alias.name in MAKES_MARKUP]
        elif isinstance(node, ast.Attribute) and node.attr in MAKES_MARKUP | {"ToolTipRole", "StatusTipRole"}:
            found.append(node.attr)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found += [name for name in (called, *(word.arg for word in node.keywords)) if name in SETS_MARKUP]
            if called in ESCAPED:
                shown = node.args[1:2] if called in ("setTabText", "addTab") else node.args[:1]
                found += [called for text in shown if isinstance(text, ast.JoinedStr)]
                found += [
                    called
                    for text in shown
                    if isinstance(text, ast.Call) and getattr(text.func, "id", ESCAPED[called]) != ESCAPED[called]
                ]
    return found


@pytest.mark.parametrize(
    "code",
    [
        "from PySide6.QtWidgets import QLabel, QWidget",
        "QtWidgets.QMessageBox.warning(window, 'Title', text)",
        "part.setToolTip(name)",
        "QSlider(toolTip=name)",
        "label.setTextFormat(Qt.TextFormat.RichText)",
        "if role == Qt.ItemDataRole.ToolTipRole: pass",
        "menu.addAction(f'Open {name}', run)",
        "menu.addAction(shortened(path), run)",
        "window.setWindowTitle(f'{name}')",
    ],
)
def test_the_fence_of_texts_sees(code: str) -> None:
    assert texts_that_may_be_rendered(code)


def test_every_text_is_shown_as_it_is() -> None:
    may = {"plain_text.py": None, "viewed_list.py": ["ToolTipRole"]}
    for path in (ROOT / "explorer" / "ui").rglob("*.py"):
        found = texts_that_may_be_rendered(path.read_text("utf-8"))
        if path.name in may:
            assert may[path.name] in (None, found), path
        else:
            assert found == [], path
