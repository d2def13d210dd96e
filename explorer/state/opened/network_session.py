"""An open network: the workers that run it, each with a module of its own, and the answers on other pictures."""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.state.opened.reading import each
from explorer.state.workers.jobs import Jobs
from explorer.state.workers.lazy_store import LazyStore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network
    from trainer.networks.input_spec import InputSpec

_COMMON = (
    r"(?i)(net|network|model|weights|checkpoint|ckpt|state_dict|pytorch_model|best|last|final|epoch)"
    r"([-_=. ]?(model|network|weights|checkpoint|best|last|final|\d+))*"
)
"""Names of files that tell nobody which network it is."""
LARGEST_MAP, VALUES_EACH = 64, 100_000
"""Side and number of values of a layer's maps on another picture: they are drawn small, and hundreds are in sight."""


@dataclass(frozen=True)
class Request:
    """What a person asked to open, with the answers given so far to what the file does not say.

    An `input` that was remembered is in its JSON form: nobody who starts the program waits for what can read it.
    `outputs` is written as `OutputSpec.parse` reads it, `key` names one of several sets of weights in the file. Where
    the answers are `recalled`, they were given when the same file was open before.
    """

    path: Path
    architecture: str | None = None
    classes: Sequence[str] | None = None
    input: "InputSpec | dict[str, Any] | None" = None
    device: str = "auto"
    tags: Path | None = None
    outputs: str | None = None
    key: str | None = None
    recalled: bool = False

    def options(self, network: "Network") -> dict[str, str]:
        """The answers as values of the command line's options; `network` is what was opened with them."""
        from trainer.networks.arguments import line_of

        options = {
            "--architecture": self.architecture,
            "--classes": line_of(self.classes) if self.classes else "",
            "--input": json.dumps(network.input.to_dict()) if self.input is not None else "",
            "--outputs": self.outputs,
            "--key": self.key,
        }
        return {option: value for option, value in options.items() if value}


@dataclass(frozen=True)
class OverPicture:
    """A layer's maps on another picture than the one on show, and what the network sees of that picture."""

    maps: "npt.NDArray[np.float16]"
    crop: "RGB"


class NetworkSession(QObject):
    """One network at a time, and four workers: each runs a module of its own around the same weights,
    because two threads in one hooked module mix their maps.

    `interactive` is for what a person waits for, `batch` for what is looked at next and may take a while, `long` for
    jobs of minutes and hours, so that nothing a person waits for stands behind them, `matching` for what is measured on
    many pictures to compare two networks, which waits for no export. After `open_network`, one of
    `opened`, `question(request, question)` and `problem` follows; `closed` when there is none any more.
    """

    opening = Signal(object)
    opened = Signal(object)
    question = Signal(object, object)
    problem = Signal(object)
    refused = Signal(object)
    """The request that did not open a network, before the question or problem."""
    closed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.interactive = Jobs("interactive", self)
        self.batch = Jobs("batch", self, patient=True)
        self.long, self.matching = (Jobs(name, self, patient=True) for name in ("long", "matching"))
        self.predictions = LazyStore(self.batch, "predictions", keep=20_000, chunk=4, parent=self)
        self.over = LazyStore(self.batch, "over pictures", keep=512, chunk=4, parent=self)
        self.network: Network | None = None
        self.request: Request | None = None
        self._networks: dict[Jobs, Network] = {}
        self._over_key: tuple[int, bool] = (0, False)

    @property
    def workers(self) -> tuple[Jobs, Jobs, Jobs, Jobs]:
        """All workers, to listen to their progress."""
        return self.interactive, self.batch, self.long, self.matching

    @property
    def title(self) -> str:
        """The network's name, after its folder's where many networks' files are called so; "" while none is open."""
        if self.network is None or self.request is None:
            return ""
        folder = self.request.path.absolute().parent.name
        common = re.fullmatch(_COMMON, self.network.name) is not None
        return f"{folder}/{self.network.name}" if common and folder else self.network.name

    @property
    def opening_words(self) -> dict[str, str]:
        """The options with which a command opens the network that is open."""
        network, request = self.network, self.request
        assert network is not None
        assert request is not None
        return {"--model": str(request.path.absolute()), **request.options(network), "--device": str(network.device)}

    def close(self) -> None:
        """End the workers and wait for them."""
        for store in (self.predictions, self.over):
            store.reset(None)
        for jobs in self.workers:
            jobs.close()

    def close_network(self) -> None:
        """Let the network go, with all that was found by it; what runs ends at its next step, nobody waits for it."""
        for jobs in self.workers:
            jobs.cancel_all()
        self.network, self.request, self._networks = None, None, {}
        self.answer_anew()
        self.closed.emit()

    def open_network(self, request: Request) -> None:
        """Open a network file."""

        def work(on_step: OnStep) -> "tuple[Network, ...]":
            on_step(0, 0)
            from trainer.networks.library_loading import load

            load("torch", before=("explorer.core.images", "numpy.random", "numpy.ma"))
            from explorer.core.network.opening import open_network
            from trainer.networks.output_spec import OutputSpec

            network = open_network(
                request.path,
                architecture=request.architecture,
                device=request.device,
                classes=request.classes,
                input=remembered(request.input) if isinstance(request.input, dict) else request.input,
                outputs=OutputSpec.parse(request.outputs) if request.outputs else None,
                key=request.key,
            )
            return network, *(network.for_another_thread() for _ in self.workers[1:])

        def done(opened: "tuple[Network, ...]") -> None:
            self.network = opened[0]
            self._networks = dict(zip(self.workers, opened, strict=True))
            self.request = request if request.input is None else replace(request, input=opened[0].input)
            self.answer_anew()
            self.opened.emit(self.network)

        def failed(error: BaseException) -> None:
            self.refused.emit(request)
            if getattr(error, "about", ""):
                self.question.emit(request, error)
            else:
                self.problem.emit(error)

        self.opening.emit(request.path)
        self.interactive.submit("open network", work, done, failed)

    def run(
        self,
        jobs: Jobs,
        slot: str,
        work: "Callable[[Network, OnStep], Any]",
        on_done: Callable[[Any], None],
        on_failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run work on a worker with its own module of the network; UserError where no network is open."""
        network = self._networks.get(jobs)
        if network is None:
            raise UserError("No network is open; open one first (Ctrl+O).")
        jobs.submit(slot, lambda on_step: work(network, on_step), on_done, on_failed)

    def look_over(self, layer: int, raw: bool) -> None:
        """Let `over` compute the maps of this layer on the pictures that somebody looks at."""
        self._over_key = (layer, raw)
        network = self._networks.get(self.batch)
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

    def answer_anew(self) -> None:
        """Forget the answers on other pictures than the one on show, and give them anew when they are asked for."""
        network = self._networks.get(self.batch)
        self.look_over(*self._over_key)
        if network is None:
            self.predictions.reset(None)
            return

        def look(picture: Path) -> Any:
            from explorer.core.images import read_image
            from explorer.core.maps.activations import predict

            return predict(network, read_image(picture))

        self.predictions.reset(each(look))

    def forget(self, pictures: Iterable[Path]) -> None:
        """Forget the answers on some pictures."""
        gone = list(pictures)
        for store in (self.predictions, self.over):
            store.forget(gone)


def remembered(input: dict[str, Any]) -> "InputSpec | None":
    """An input from its JSON form; None for a damaged one, which counts as not there."""
    from trainer.networks.input_spec import InputSpec

    try:
        return InputSpec.from_dict(input)
    except UserError:
        return None
