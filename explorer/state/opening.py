"""What follows when a network, a folder or a tags file is opened, and what is opened when the program starts."""

import filecmp
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.tags.book import TagBook
from explorer.state.opened.answers import forget_refused, remember_answers, with_answers
from explorer.state.opened.library import Folder, Library
from explorer.state.opened.network_session import Request
from explorer.state.session import Session, View
from explorer.state.settings import DEVICE, LAST_SESSION
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.tags.tagging import Tagging

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from explorer.core.tags.shared_file import TagFile
    from trainer.pictures.column_choice import Wanted


class Opening(QObject):
    """Connects what is opened with the view, the tags and what is remembered.

    `foreign_tags(path, book, network)`: the tags belong to another network; call `accept_tags` to open them still.
    `second_wanted(request)`: a network is to lie beside the first, once that is open.
    """

    foreign_tags = Signal(object, object, object)
    second_wanted = Signal(object)
    problem = Signal(object)

    def __init__(
        self,
        session: Session,
        library: Library,
        tagging: Tagging,
        settings: Settings,
        bundled: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library = session, library
        self._tagging, self._settings, self._bundled = tagging, settings, bundled
        self._picture_wanted: Path | None = None
        self._key_wanted: tuple[Path, int, int] | None = None
        """The layer and the filter to go to in the network of a file."""
        library.network_opened.connect(self._network_opened)
        library.folder_opened.connect(self._folder_opened)
        library.folder_failed.connect(self._folder_failed)
        library.problem.connect(self.problem)
        library.network_session.refused.connect(lambda request: forget_refused(request, settings))
        session.changed.connect(self._view_changed)

    @property
    def request(self) -> Request | None:
        """How the open network was asked for."""
        return self._library.request

    def begin_tags(self, path: Path) -> None:
        """Go on in a tags file of the open network's own, a new one where there is none yet."""
        if self._library.network is not None:
            self.open_tags(path)

    def start(self, start: Start) -> None:
        """Open what the command line names; without a word of it, what was open last time."""
        demo = self._bundled
        model, images, labels = start.model, start.images, start.labels
        request = Request(Path(), start.architecture, start.classes, start.input, start.device, start.tags)
        request = replace(request, outputs=start.outputs, key=start.key)
        if start.demo:
            model = model or demo / "demo-scratch-cnn.safetensors"
            if images is None:
                images, labels = demo / "pictures", labels or demo / "pictures" / "labels.csv"
        elif not (model or images or start.tags) and self._settings.value(LAST_SESSION):
            model, images, labels = (self._last(name) for name in ("model", "images", "labels"))
            self._picture_wanted = self._last("picture")
            layer, _, filter = self._settings.text("last/filter").partition(":")
            if model is not None and layer.isdecimal() and filter.isdecimal():
                self._key_wanted = model, int(layer), int(filter)
        if images is not None:
            self.open_folder(images, labels, columns=start.columns or self._last_columns(labels))
        if start.compare is not None:
            self.second_wanted.emit(Request(start.compare, device=start.device))
        if model is not None:
            self.open_model(replace(request, path=model))

    def open_model(self, request: Request) -> None:
        """Open a network; its tags follow. Not while tags are unsaved: they would be gone with their network."""
        try:
            self._tagging.check_saved()
        except UserError as error:
            self.problem.emit(error)
            return
        if request.device == DEVICE.default:
            request = replace(request, device=self._settings.value(DEVICE))
        request = with_answers(request, self._settings)
        self._library.open_network(request)

    def open_folder(
        self,
        path: Path,
        labels: Path | None = None,
        picture: Path | None = None,
        columns: "Wanted | None" = None,
    ) -> None:
        """Open a folder of pictures at one of them, with a table of their classes where there is one.

        `columns` says what the table's columns hold, where that is not to be found out.
        """
        self._picture_wanted = picture or self._picture_wanted
        self._library.open_folder(path, labels, columns)

    def open_labels(self, labels: Path) -> None:
        """Read the open folder's classes from a CSV."""
        if self._library.folder is None:
            raise UserError("Open a folder of pictures first (Ctrl+Shift+O), then the CSV of their classes.")
        self._picture_wanted = self._session.view.picture
        self.open_folder(self._library.folder.path, labels)

    def open_tags(self, path: Path) -> None:
        """Open a tags file for the open network, or begin a new one there."""
        network = self._library.network
        if network is None:
            raise UserError(f"Open the network first that the tags in {path.name} are about (Ctrl+O).")
        if self._tagging.path is not None and os.path.realpath(path) == os.path.realpath(self._tagging.path):
            return  # loading it again would throw away what is tagged meanwhile
        self._tagging.check_saved()

        def done(file: "TagFile") -> None:
            try:
                self._show(file, network, network.digest)
            except UserError as error:
                self.problem.emit(error)

        def failed(error: BaseException) -> None:
            if self._tagging.path is None:
                self._tagging.wait_for_file(empty_book(network), f"{path.name} could not be read.")
            self.problem.emit(error)

        self._tagging.fetch(path, empty_book(network), done, failed)

    def accept_tags(self, path: Path, book: TagBook) -> None:
        """Show the tags of the network that `book` is about, as they are in the file by now."""
        from explorer.core.tags.shared_file import TagFile

        network = self._library.network
        assert network is not None
        try:
            self._show(TagFile.begin(path, book), network, book.network_digest)
        except UserError as error:
            self.problem.emit(error)

    def _show(self, file: "TagFile", network: "Network", digest: str) -> None:
        """Show a file's tags if they are about this network; otherwise ask, and leave the file to others meanwhile."""
        book = file.book
        try:
            if book.network_digest not in ("", digest):
                file.close()
                self.foreign_tags.emit(file.path, book, network)
                return
            self._tagging.check_saved()
        except UserError:
            file.close()
            raise
        self._tagging.show(file)
        self._settings.remember("tags", file.path)

    def default_tags_path(self, model: Path) -> Path:
        """Beside the network's file, where a person finds it; in the settings' folder where that is not writable.

        Those of the bundled network too, wherever a copy of it lies: they are the same tags as the demo's. What was
        tagged beside a copy already goes on there.
        """
        name = f"{model.stem if model.is_file() else model.name}.tags.h5"
        folder = model.absolute().parent
        copied = self._is_copy_of_bundled(model) and not (folder / name).exists()
        inside_program = self._bundled.resolve() in model.resolve().parents
        if inside_program or copied or not os.access(folder, os.W_OK):
            folder = self._settings.folder / "tags"
            from trainer.files.atomic_files import subfolder

            subfolder(folder)
        return folder / name

    def _is_copy_of_bundled(self, model: Path) -> bool:
        bundled = self._bundled / model.name
        try:
            return bundled.is_file() and model.is_file() and filecmp.cmp(bundled, model, shallow=False)
        except OSError:
            return False

    def remember(self) -> None:
        """Keep what is open for the next session; what was not opened in this one stays as it was."""
        view, request = self._session.view, self._library.request
        if request is not None:
            asks_nothing = request.architecture is None
            self._settings.set_text("last/model", str(request.path.absolute()) if asks_nothing else "")
            self._settings.set_text("last/filter", f"{view.layer}:{view.filter}")
        if self._library.folder is not None:
            self._settings.set_text("last/picture", str(view.picture or ""))
        self._settings.set_style(view.style)
        self._settings.save()

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.style.raw) != (before.layer, before.style.raw):
            self._library.network_session.look_over(after.layer, after.style.raw)

    def _last_columns(self, labels: Path | None) -> "Wanted | None":
        """What was said of the columns of these labels when they were open last; None where nothing was."""
        text = self._settings.text("last/columns")
        if not text or labels is None or str(labels.absolute()) != self._settings.text("last/labels"):
            return None
        from trainer.pictures.column_choice import parse_columns

        try:
            return parse_columns(text)
        except UserError:  # a damaged setting counts as not there
            return None

    def _last(self, name: str) -> Path | None:
        text = self._settings.text(f"last/{name}")
        return Path(text) if text and Path(text).exists() else None

    def _network_opened(self, network: "Network") -> None:
        request = self._library.request
        assert request is not None
        self._settings.remember("models", request.path)
        remember_answers(request, self._settings)
        self._tagging.close()
        wanted, self._key_wanted = self._key_wanted, None
        layer, filter = len(network.layers) - 1, 0
        if wanted is not None and wanted[0] == request.path:
            _, layer, filter = wanted
        if layer >= len(network.layers) or filter >= network.layers[layer].filters:
            layer, filter = len(network.layers) - 1, 0
        self._session.update(layer=layer, filter=filter, also=frozenset())
        self._library.network_session.look_over(layer, self._session.view.style.raw)
        self.open_tags(request.tags or self.default_tags_path(request.path))

    def _folder_opened(self, folder: Folder) -> None:
        self._settings.remember("folders", folder.path)
        self._settings.set_text("last/images", str(folder.path.absolute()))
        labels, columns = folder.table, folder.columns
        if labels is None and folder.unread is not None:  # it is asked about again
            labels, columns = folder.unread.labels, folder.unread.column_words
        self._settings.set_text("last/labels", str(labels.absolute()) if labels else "")
        self._settings.set_text("last/columns", columns)
        wanted, self._picture_wanted = self._picture_wanted, None
        self._session.update(picture=wanted if wanted in folder.positions else folder.pictures[0])

    def _folder_failed(self) -> None:
        """The picture that was wanted of it is none of the next folder."""
        self._picture_wanted = None


def empty_book(network: "Network") -> TagBook:
    """A book without tags for this network."""
    layers = [(layer.name, layer.filters) for layer in network.layers]
    return TagBook(network.digest, network.name, network.architecture, layers)
