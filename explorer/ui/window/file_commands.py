"""The commands that open, save and export files, and the questions that come with them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.core.errors import UserError
from explorer.core.tags.book import TagBook
from explorer.state.figures.of_lens import save_shown
from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.widgets.message_banner import FOLDER, MUTING, NETWORK, TAGS, VIEW
from explorer.ui.widgets.plain_text import told
from explorer.ui.window.parts import WindowParts

if TYPE_CHECKING:
    from explorer.core.export.run import ExportReport
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network
    from explorer.state.export.exporting import AnyOrder

NETWORKS = "Networks (*.safetensors *.pt *.pth *.bin *.ckpt *.onnx);;All files (*)"
MAPS = "Figures (*.png *.pdf *.svg *.tiff);;Data (*.npz)"
TAGS_FILES = "Tags (*.h5 *.hdf5);;All files (*)"
KINDS = ("model", "pictures", "labels", "tags")


class FileCommands:
    """Opens what a person chooses or drops; asks where a file does not say enough."""

    def __init__(self, parent: QWidget, workspace: Workspace, parts: WindowParts) -> None:
        self._parent, self._workspace, self._parts = parent, workspace, parts
        self._typed: dict[str, str] = {}

    def open_model(self, path: Path | None = None) -> None:
        """Open a network's file or folder."""
        if path is None:
            name, _ = QFileDialog.getOpenFileName(self._parent, "Open a network", self._last("models"), NETWORKS)
            path = Path(name) if name else None
        if path is not None:
            self._workspace.opening.open_model(Request(path))

    def open_model_folder(self) -> None:
        """Open a folder with config.json and weights, as timm and the Hugging Face hub write it."""
        name = QFileDialog.getExistingDirectory(self._parent, "Open a network's folder", self._last("models"))
        if name:
            self.open_model(Path(name))

    def open_folder(self, path: Path | None = None) -> None:
        """Open a folder of pictures."""
        if path is None:
            name = QFileDialog.getExistingDirectory(self._parent, "Open a folder of pictures", self._last("folders"))
            path = Path(name) if name else None
        if path is not None:
            self._workspace.opening.open_folder(path)

    def open_demo(self) -> None:
        """Open the bundled network and its drawn pictures."""
        self._workspace.opening.start(Start(demo=True))

    def open_labels(self) -> None:
        """Open a CSV of classes."""
        name, _ = QFileDialog.getOpenFileName(
            self._parent,
            "Classes of the pictures",
            self._last("folders"),
            "Tables (*.csv *.tsv *.tab *.txt);;All files (*)",
        )
        if name:
            self.guard(lambda: self._workspace.opening.open_labels(Path(name)))

    def measure_anew(self) -> None:
        """Ask, then measure the scales of the folder anew."""
        from explorer.ui.dialogs.questions import confirm_measuring_anew

        if confirm_measuring_anew(self._workspace.evidence.measured, self._parent):
            self.guard(self._workspace.indexing.measure_anew)

    def open_tags(self) -> None:
        """Open a tags file."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open tags", self._last("tags"), TAGS_FILES)
        if name:
            self.guard(lambda: self._workspace.opening.open_tags(Path(name)))

    def save_tags_as(self) -> bool:
        """Go on with the tags in another file; whether that was done."""
        from explorer.ui.dialogs.save_dialog import ask_where

        current, title = self._workspace.tagging.path, "Save tags (a file that is there keeps its own tags too)"
        name, beside = (current.name, current.parent) if current is not None else ("", None)
        path = ask_where(self._parent, self._workspace, title, name, TAGS_FILES, beside=beside, adds=True)
        return path is not None and self.guard(lambda: self._workspace.tagging.move_to(path))

    def drop(self, *paths: Path) -> None:
        """Open what was dropped on the window, whatever it is: a network with its tags, pictures with their classes."""
        kinds: dict[str, list[Path]] = {}
        for path in paths:
            kinds.setdefault(kind_of(path), []).append(path)
        model, pictures, labels, tags = (kinds.get(kind, [None])[0] for kind in KINDS)
        opening = self._workspace.opening
        if model is not None:
            opening.open_model(Request(model, tags=tags))
        elif tags is not None:
            self.guard(lambda: opening.open_tags(tags))
        if pictures is not None:
            self._open_dropped(pictures, labels)
        elif labels is not None:
            self.guard(lambda: opening.open_labels(labels))
        left_out = [
            path.name for kind, (_, *more) in kinds.items() for path in more if kind != "pictures" or path.is_dir()
        ]
        if left_out:
            self._parts.problems.show_text(f"Only one of a kind can be open: not {', '.join(left_out[:3])}.", calm=True)

    def _open_dropped(self, path: Path, labels: Path | None) -> None:
        """Open a folder, or a picture's folder at this picture."""
        folder = self._workspace.library.folder
        if path.is_dir():
            self._workspace.opening.open_folder(path, labels)
        elif folder is not None and path in folder.positions and labels is None:
            self._workspace.session.update(picture=path)
        else:
            self._workspace.opening.open_folder(path.parent, labels, picture=path)

    def export(self, filters: str = "", *, of_picture: bool = False) -> None:
        """Ask what to export, these filters ("7:8") or the picture in view to begin with; do it in the background."""
        from explorer.ui.dialogs.export_dialog import ExportDialog

        if self._workspace.library.network is None or self._workspace.library.folder is None:
            self._parts.problems.show_text(
                "Open a network and a folder of pictures first; then there is something to export.",
                until=[NETWORK, FOLDER],
            )
            return
        listed = tuple(self._parts.pictures.model.rows)
        network = self._workspace.library.network.identity
        filters = filters or self._typed.get(network, "")
        dialog = ExportDialog(self._workspace, listed, self._parent, filters, of_picture=of_picture)

        def keep(exported: int) -> None:
            self._typed = {} if exported else {network: dialog.typed}

        dialog.finished.connect(keep)
        dialog.open()

    def save_lens(self) -> None:
        """Save the map of the lens as a figure or as data."""
        lens, shown = self._workspace.lens, self._workspace.pipeline.shown
        if lens.found is None or shown is None:
            self._parts.problems.show_text("Choose a lens first (L): there is no map of one to save.", calm=True)
            return
        from explorer.ui.dialogs.save_dialog import ask_where

        name, workspace = f"{shown.picture.stem}-{lens.name}.png", self._workspace
        path = ask_where(self._parent, workspace, "Save what the lens shows", name, MAPS)
        if path is not None:
            self.guard(lambda: save_shown(lens, workspace.pipeline, workspace.library, path, self._saved))

    def _saved(self, path: Path) -> None:
        self._parts.problems.show_text(f"{path} is written.", calm=True)

    def ask_large_export(self, order: "AnyOrder", size: "ExportSize") -> None:
        """Ask whether a large export is meant."""
        from explorer.ui.dialogs.export_messages import ask

        ask(self._workspace, self._parts.problems, order, size, self._parent)

    def tell_export(self, report: "ExportReport", order: "AnyOrder") -> None:
        """Say what an export wrote."""
        from explorer.ui.dialogs.export_messages import tell

        tell(self._parts.problems, report, order.out)

    def offer_export(self, network: "Network") -> None:
        """Offer to go on with an export that an earlier session did not finish."""
        if self._workspace.exporting.left:
            from explorer.ui.dialogs.export_messages import offer

            offer(self._workspace, self._parts.problems, network)

    def answer_question(self, request: Request, error: UserError) -> None:
        """Ask what a network's file does not say, and open it again with the answer."""
        self.answer(request, error, self.open_answered)

    def answer(self, request: Request, error: UserError, opened: Callable[[Request], object]) -> None:
        """Ask what a file does not say, and give the answer to what opens it again."""
        try:
            from explorer.ui.dialogs.questions import ask

            answered = ask(request, error, self._parent)
        except UserError as problem:
            self._parts.problems.show_error(problem)
            return
        if answered is not None:
            opened(answered)

    def open_answered(self, answered: Request) -> None:
        """Open a network with its answers; code of the person's own runs only with consent to that very file."""
        if self.may_open(answered):
            self._workspace.opening.open_model(answered)

    def may_open(self, answered: Request) -> bool:
        """Whether it runs no code of the person's own, or there is consent to that very file."""
        from trainer.networks.user_architecture import is_own

        own = answered.architecture if answered.architecture and is_own(answered.architecture) else ""
        return not own or self._may_run(own)

    def _may_run(self, architecture: str) -> bool:
        from trainer.networks.user_architecture import digest_of

        path = Path(architecture.rpartition(":")[0])
        try:
            digest = digest_of(path)
        except (OSError, UserError) as error:
            self._parts.problems.show_error(UserError(f"{path} cannot be read: {error}"))
            return False
        settings = self._workspace.settings
        if digest not in settings.consents:
            from explorer.ui.dialogs.questions import confirm_code

            if not confirm_code(path, self._parent):
                return False
            settings.consent(digest)
        return True

    def ask_foreign_tags(self, path: Path, book: TagBook, network: "Network") -> None:
        """Open another network's tags only when the person says so."""
        theirs = f"{book.network_name or 'an unnamed network'} ({book.architecture}, digest {book.network_digest[:12]})"
        ours = f"{network.name} ({network.architecture}, digest {network.digest[:12]})"
        from explorer.ui.dialogs.questions import confirm_foreign_tags

        accepted = confirm_foreign_tags(path, theirs, ours, self._parent)
        if network is not self._workspace.library.network:
            return  # another network was opened while the question stood: these tags are not about it
        if accepted:
            self._workspace.opening.accept_tags(path, book)
        elif self._workspace.tagging.path is None:
            own = path.with_name(f"{path.stem}.{network.digest[:8]}.h5")
            self._parts.problems.show_text(
                f"{path.name} was not opened. Tags go into {own.name} beside it: Ctrl+T opens another file, "
                "Ctrl+Shift+S begins one.",
                until=[NETWORK],
            )
            self._workspace.opening.begin_tags(own)

    def show_unreadable(self) -> None:
        """List the pictures that cannot be read, with the reasons."""
        bad = self._workspace.library.bad
        lines = "\n".join(bad.values()) or "Every picture that was looked at so far can be read."
        first = "\n".join(list(bad.values())[:5])
        told(self._parent, "Unreadable pictures", f"{len(bad)} of the pictures looked at", first, lines)

    def picture_failed(self, picture: Path, error: BaseException) -> None:
        """Keep a picture that cannot be read in the list of those, and go on."""
        if isinstance(error, UserError):
            self._workspace.library.note_bad(picture, str(error))
        self._parts.problems.show_error(error, VIEW, FOLDER)

    def _last(self, kind: str) -> str:
        """Where a person opened something of this kind the last time, else where they opened anything."""
        settings = self._workspace.settings
        recent = next(filter(None, (settings.recent(name) for name in (kind, "models", "folders", "tags"))), None)
        return str(recent[0].parent if recent else Path.home())  # Qt's own choice is wherever a chooser was last

    def guard(self, run: Callable[[], object]) -> bool:
        """Run something and show what goes wrong with it; whether nothing did."""
        try:
            run()
        except UserError as error:
            no_tags_yet = [TAGS] if self._workspace.tagging.path is None else []
            self._parts.problems.show_error(error, MUTING, NETWORK, FOLDER, *no_tags_yet)
            return False
        return True


def kind_of(path: Path) -> str:
    """Which of `KINDS` a file or folder is, by its name; what nothing else is, may be a network."""
    from explorer.core.images import ENDINGS

    ending = path.suffix.lower()
    if path.is_dir():
        return "model" if (path / "config.json").exists() else "pictures"
    if ending in (".h5", ".hdf5"):
        return "tags"
    if ending in (".csv", ".tsv", ".tab"):
        return "labels"
    return "pictures" if ending.removeprefix(".") in ENDINGS else "model"
