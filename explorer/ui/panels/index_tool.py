"""How far the index of the folder is, with a click that pauses it or lets it go on."""

from explorer.state.index.indexing import Indexing
from explorer.ui.widgets.plain_text import PlainTool, tip

WHAT = "What every filter answers on every picture of the folder: the scale that stays, orders and statistics."

CHECKED = "It was made earlier; the folder is compared with it, in case pictures came or changed. A click pauses that."


class IndexTool(PlainTool):
    """One line of the status bar, of one network; hidden where nothing is being made."""

    def __init__(self, indexing: Indexing) -> None:
        super().__init__()
        self._indexing = indexing
        self.setObjectName("flat")
        self.clicked.connect(self._clicked)
        indexing.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        indexing, index = self._indexing, f"index of {self._indexing.name}" if self._indexing.name else "index"
        self.setVisible(indexing.running or bool(indexing.reason))
        if indexing.reason:
            self._say(f"no {index}  ·  try again", indexing.reason)
            return
        if indexing.checking and not indexing.held:
            self._say(f"checking the {index}", f"{WHAT} {CHECKED}")
            return
        size = f", about {max(1, round(indexing.bytes / 1e6)):,} MB" if indexing.bytes else ""
        done = f" {indexing.done:,} of {indexing.total:,} pictures are in it." if indexing.total else ""
        how = "A click lets it go on." if indexing.held else "It waits while you walk; a click pauses it."
        action = "go on" if indexing.held else "pause"
        progress = {
            "": "begins",
            "reading": f"reads the folder {int(100 * indexing.read)} %",
            "sample": f"scales {int(100 * indexing.sampled)} %",
            "joining": "is put together",
        }.get(indexing.stage, f"{int(100 * indexing.share)} %")
        self._say(f"{index} {progress}{size}  ·  {action}", f"{WHAT}{done} {how}")

    def _say(self, text: str, about: str) -> None:
        self.setText(f"·  {text}")
        self.setAccessibleName(text)
        tip(self, about)

    def _clicked(self) -> None:
        self._indexing.hold(not self._indexing.held and not self._indexing.reason)
