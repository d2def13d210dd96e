"""A few pictures through two lenses beside each other: why the network takes one class for another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from explorer.core.attribution import LENSES
from explorer.core.drawing.styles import format_of
from explorer.core.errors import UserError, in_words
from explorer.core.progress import OnStep
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.figures.lens_sheet import SheetRow
    from explorer.core.network.opening import Network

SLOT, SAVING = "lenses of a pair", "sheet"
LENSES_BESIDE = ("grad-cam", "guided-backprop")
"""As Mishra et al. (2019) look at the pairs that are confused most."""
MOST = 12
"""Pictures of one sheet."""


class LensSheet(QObject):
    """The sheet of the pair that a person asked for last; `changed` with every row, and where there will be none.

    The rows are computed on the batch worker, for the class that was predicted, or the only one that the network has.
    """

    changed = Signal()
    saved = Signal(object)
    _came = Signal(object, object, object)

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._asked: tuple[str, str, tuple[Path, ...]] | None = None
        self.rows: list[tuple[Path, SheetRow]] = []
        """The rows found so far, in the order of the pictures."""
        self.trouble = ""
        """Why there are no more rows; "" where there are, or while they are found."""
        self._came.connect(self._add, Qt.ConnectionType.QueuedConnection)
        library.network_opened.connect(lambda network: self.leave())
        library.batch.cancelled.connect(self._cancelled)

    @property
    def words(self) -> str:
        """What the pair is; "" while none is asked for."""
        return f"{self._asked[0]} predicted as {self._asked[1]}" if self._asked is not None else ""

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands above the columns."""
        return "picture", *(LENSES[name].title for name in LENSES_BESIDE)

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        return self._asked is not None and len(self.rows) == len(self._asked[2])

    def ask(self, given: str, predicted: str, pictures: Sequence[Path]) -> None:
        """Find the sheet of pictures that are given as one class and predicted as another, at most `MOST`."""
        self._asked, self.rows, self.trouble = (given, predicted, tuple(pictures[:MOST])), [], ""
        asked = self._asked

        def work(network: "Network", on_step: OnStep) -> None:
            from explorer.core.attribution.sheet_rows import sheet_row
            from explorer.core.class_words import probabilities_told_apart, told_apart
            from explorer.core.images import read_image
            from explorer.core.maps.activations import predict

            lenses = [LENSES[name] for name in LENSES_BESIDE]
            index, name = told_apart(network.classes).index(predicted), _measured(network, predicted)
            aside = () if name == predicted else (f"maps: {name}",)  # there is no score of what it is not
            for done, path in enumerate(asked[2]):
                on_step(done, len(asked[2]))
                rgb = read_image(path)
                prediction = f"said: {predicted} {probabilities_told_apart(predict(network, rgb))[index]:.2f}"
                lines = (path.name, f"given: {given}", prediction, *aside)
                self._came.emit(asked, path, sheet_row(network, rgb, lenses, f"class:{name}", lines))

        def failed(error: BaseException) -> None:
            self.trouble = in_words(error)
            self.changed.emit()

        self._library.network_session.run(self._library.batch, SLOT, work, lambda nothing: None, failed)
        self.changed.emit()

    def leave(self) -> None:
        """Find no more of it."""
        if self._asked is not None:
            self._asked = None
            self._library.batch.cancel(SLOT)

    def export(self, path: Path) -> None:
        """Write the sheet as it is, in the format of the ending, on the batch worker; then `saved(path)`.

        UserError for another ending, and where there is no row yet.
        """
        ending = format_of(path)
        if not self.rows or self._asked is None:
            raise UserError("There is no row yet; wait for the first.")
        rows, titles, asked = [row for _, row in self.rows], self.titles, self._asked

        def work(network: "Network", on_step: OnStep) -> Path:
            from explorer.core.figures.lens_sheet import lens_sheet
            from explorer.core.figures.single import FigureStyle
            from trainer.files.atomic_files import cannot_write, replace_file

            about = {
                "network": network.identity,
                "target": f"class:{_measured(network, asked[1])}",
                "lenses": list(LENSES_BESIDE),
                "pictures": [picture.name for picture in asked[2][: len(rows)]],
            }
            content = lens_sheet(titles, rows, ending, FigureStyle(), about)
            try:
                replace_file(path, content)
            except OSError as error:
                raise cannot_write(path, error) from error
            return path

        self._library.network_session.run(self._library.batch, SAVING, work, self.saved.emit)

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _add(self, asked: object, path: Path, row: "SheetRow") -> None:
        if asked is self._asked:
            self.rows.append((path, row))
            self.changed.emit()

    def _cancelled(self, slot: str) -> None:
        if slot == SLOT and self._asked is not None and not self.complete:
            self.trouble = "Stopped."
            self.changed.emit()


def _measured(network: "Network", predicted: str) -> str:
    """The class of the network that is measured where one is predicted: it may have one alone, which is denied."""
    return predicted if predicted in network.classes else network.classes[0]
