"""The open network and the open folder: opened on the worker, announced when they are there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.file_state import FileState, state_of
from explorer.state.jobs import Jobs
from explorer.state.lazy import Compute, LazyStore, Looked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.labels import Labels
    from explorer.core.network.opening import Network
    from trainer.networks.input_spec import InputSpec
    from trainer.pictures.column_choice import Wanted

THUMBNAIL = 128
LARGEST_MAP, VALUES_EACH = 64, 100_000
"""Side and number of values of a layer's maps on another picture: they are drawn small, and hundreds are in sight."""


@dataclass(frozen=True)
class Request:
    """What a person asked to open, with the answers given so far to what the file does not say.

    An `input` that was remembered is in its JSON form: nobody who starts the program waits for what can read it.
    """

    path: Path
    architecture: str | None = None
    classes: Sequence[str] | None = None
    input: "InputSpec | dict[str, Any] | None" = None
    device: str = "auto"
    tags: Path | None = None


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder in their order, and the classes that are known of them."""

    path: Path
    pictures: tuple[Path, ...]
    labels: "Labels | None" = None
    problems: tuple[str, ...] = ()
    positions: Mapping[Path, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """The pictures' names and classes in small letters, to search in."""


@dataclass(frozen=True)
class OverPicture:
    """A layer's maps on another picture than the one on show, and what the network sees of that picture."""

    maps: "npt.NDArray[np.float16]"
    crop: "RGB"


class Library(QObject):
    """Opens networks and folders.

    Three workers: `interactive` for what the person waits for, `batch` (with a network of its own, because two
    threads in one hooked module mix their maps) for everything that may take long, `reading` for thumbnails.
    `unreadable(picture, reason)` with "" where it can be read again; `replaced(picture)` where its file is another than
    was read before.
    """

    network_opening = Signal(object)
    network_opened = Signal(object)
    folder_opened = Signal(object)
    question = Signal(object, object)
    problem = Signal(object)
    unreadable = Signal(object, str)
    replaced = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.interactive = Jobs("interactive", self)
        self.batch = Jobs("batch", self)
        self.reading = Jobs("reading", self)
        self.thumbnails = LazyStore(self.reading, "thumbnails", keep=600, parent=self)
        self.predictions = LazyStore(self.batch, "predictions", keep=20_000, chunk=4, parent=self)
        self.over = LazyStore(self.batch, "over pictures", keep=512, chunk=4, parent=self)
        self.network: Network | None = None
        self.request: Request | None = None
        self.folder: Folder | None = None
        self.bad: dict[Path, str] = {}
        self._batch_network: Network | None = None
        self._over_key: tuple[int, bool] = (0, False)
        self._states: dict[Path, FileState] = {}
        for store in (self.thumbnails, self.predictions, self.over):
            store.looked.connect(self._note_read)
        self.thumbnails.reset(each(read_thumbnail))

    @property
    def workers(self) -> tuple[Jobs, Jobs, Jobs]:
        """The three workers, to listen to their progress."""
        return self.interactive, self.batch, self.reading

    def close(self) -> None:
        """End the workers and wait for them."""
        for store in (self.thumbnails, self.predictions, self.over):
            store.reset(None)
        for jobs in self.workers:
            jobs.close()

    def open_network(self, request: Request) -> None:
        """Open a network file; `network_opened`, `question(request, question)` or `problem` follows."""

        def work(on_step: OnStep) -> "tuple[Network, Network]":
            on_step(0, 0)
            from trainer.networks.library_loading import load

            load("torch", before=("explorer.core.images", "numpy.random", "numpy.ma"))
            from explorer.core.network.opening import open_network

            network = open_network(
                request.path,
                architecture=request.architecture,
                device=request.device,
                classes=request.classes,
                input=remembered(request.input) if isinstance(request.input, dict) else request.input,
            )
            return network, network.copy()

        def done(opened: "tuple[Network, Network]") -> None:
            self.network, self._batch_network = opened
            self.request = request if request.input is None else replace(request, input=opened[0].input)
            self._predict_anew()
            self.look_over(*self._over_key)
            self.network_opened.emit(self.network)

        def failed(error: BaseException) -> None:
            if getattr(error, "about", ""):
                self.question.emit(request, error)
            else:
                self.problem.emit(error)

        self.network_opening.emit(request.path)
        self.interactive.submit("open network", work, done, failed)

    def open_folder(self, path: Path, labels: Path | None = None, columns: "Wanted | None" = None) -> None:
        """List a folder and read its classes; `folder_opened` or `problem` follows.

        `columns` says what the columns of `labels` hold, where that is not to be found out.
        """

        def work(on_step: OnStep) -> Folder:
            from explorer.core.labels import folder_labels, read_labels
            from trainer.pictures.folder_walk import list_folder

            listing = list_folder(path, on_step=on_step).check()
            pictures, problems = listing.pictures, (*listing.unreadable, *listing.notes)
            known = read_labels(labels, pictures, columns) if labels is not None else folder_labels(path, pictures)
            rows = {picture: row for row, picture in enumerate(pictures)}
            names = tuple(picture.name.lower() for picture in pictures)
            classes = tuple(known.of(picture).lower() for picture in pictures)
            return Folder(path, pictures, known, (*problems, *known.problems), rows, names, classes)

        def done(folder: Folder) -> None:
            self.folder = folder
            self.bad = {}
            self._states = {}
            self.thumbnails.reset(each(read_thumbnail))
            self._predict_anew()
            self.look_over(*self._over_key)
            self.folder_opened.emit(folder)

        self.reading.submit("open folder", work, done, self.problem.emit)

    def note_bad(self, picture: Path, reason: str) -> None:
        """Keep a picture that cannot be read, with its reason."""
        if picture not in self.bad:
            self.bad[picture] = reason
            self.unreadable.emit(picture, reason)

    def note_readable(self, picture: Path, state: FileState) -> None:
        """A picture was read in this state of its file: whatever was said or found of another state is forgotten."""
        self._note_read(picture, state)
        if self.bad.pop(picture, None) is not None:
            self._forget(picture)
            self.unreadable.emit(picture, "")

    def _note_read(self, picture: Path, state: FileState) -> None:
        known = self._states.setdefault(picture, state)
        if known != state:
            self._states[picture] = state
            self._forget(picture)
            self.replaced.emit(picture)

    def _forget(self, picture: Path) -> None:
        for store in (self.thumbnails, self.predictions, self.over):
            store.forget([picture])

    def on_batch(
        self,
        slot: str,
        work: "Callable[[Network, OnStep], Any]",
        on_done: Callable[[Any], None],
        on_failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run long work with the batch worker's own network; UserError where no network is open."""
        network = self._batch_network
        if network is None:
            raise UserError("No network is open; open one first (Ctrl+O).")
        self.batch.submit(slot, lambda on_step: work(network, on_step), on_done, on_failed)

    def look_over(self, layer: int, raw: bool) -> None:
        """Let `over` compute the maps of this layer on the pictures that somebody looks at."""
        self._over_key = (layer, raw)
        network = self._batch_network
        if network is None:
            self.over.reset(None)
            return

        def look(picture: Path) -> OverPicture:
            from explorer.core.drawing.overlay import reduced
            from explorer.core.images import read_image
            from explorer.core.maps.activations import record

            rgb = read_image(picture)
            crop = network.input.crop(rgb)
            maps = record(network, rgb, raw=raw, crop=crop).maps[layer]
            side = max(8, min(LARGEST_MAP, math.isqrt(VALUES_EACH // len(maps))))
            return OverPicture(reduced(maps, side).astype("float16"), crop)

        self.over.reset(each(look) if layer < len(network.layers) else None)

    def _predict_anew(self) -> None:
        network = self._batch_network
        if network is None:
            self.predictions.reset(None)
            return

        def look(picture: Path) -> Any:
            from explorer.core.images import read_image
            from explorer.core.maps.activations import predict

            return predict(network, read_image(picture))

        self.predictions.reset(each(look))


def remembered(input: dict[str, Any]) -> "InputSpec | None":
    """An input from its JSON form; None for a damaged one, which counts as not there."""
    from trainer.networks.input_spec import InputSpec

    try:
        return InputSpec.from_dict(input)
    except UserError:
        return None


def each(look: Callable[[Path], Any]) -> Compute:
    """Look at pictures one by one, and note in which state their files are; of one that cannot be read, None."""

    def compute(pictures: Sequence[Path], on_step: OnStep) -> dict[Path, Any]:
        found: dict[Path, Any] = {}
        for done, picture in enumerate(pictures):
            on_step(done, len(pictures))
            state = state_of(picture)
            try:
                found[picture] = Looked(look(picture), state)
            except UserError:
                found[picture] = Looked(None, state)
            except Exception as error:  # a network fails as it likes; the other pictures are not to suffer
                found[picture] = Looked(None, state, error)
        return found

    return compute


def read_thumbnail(picture: Path) -> "RGB | str":
    """A small picture, or the sentence that says why there is none."""
    from explorer.core.images import thumbnail

    try:
        return thumbnail(picture, THUMBNAIL)
    except UserError as error:
        return str(error)
