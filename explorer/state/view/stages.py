"""The stages of the filter in view on the picture on show, and what a kernel makes of that picture."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.opened.library import Library
from explorer.state.session import Session
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network
    from explorer.core.stages import FilterStages
    from trainer.networks.input_spec import Box

STAGES, KERNEL = "stages", "kernel"
"""Slots of the interactive worker."""

OWN = "this filter's own"
"""The kernel that the filter in view has itself: of several, the strongest."""

LARGEST = 400
"""The longer side of the picture on which kernels are tried: they are typed, and the answer is wanted at once."""


class StagesInView(QObject):
    """Follows the session while somebody looks: `changed` with other stages, `kernel_changed` with another answer.

    `kernel` is a name of `KERNELS`, `OWN`, or numbers as `parse_kernel` reads them.
    """

    changed = Signal()
    kernel_changed = Signal()

    def __init__(self, session: Session, library: Library, pipeline: Pipeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._library, self._pipeline = session, library, pipeline
        self._looking = False
        self.found: FilterStages | None = None
        self.picture: RGB | None = None
        """The picture of these stages, at most `LARGEST` pixels a side."""
        self._size = (1, 1)
        self._frame: Box | None = None
        self.trouble = ""
        """Why there are no stages; "" where there are, or while they are found."""
        self.kernel = "identity"
        self.answer: tuple[RGB, RGB] | None = None
        """The picture on which the kernel was tried, and what it made of it, drawn."""
        self.kernel_words = ""
        """What kernel that was, where it is the filter's own."""
        self.kernel_trouble = ""
        session.changed.connect(lambda before, after: self._find())
        pipeline.maps_changed.connect(self._find)
        library.network_opened.connect(lambda network: self._find())

    def look(self, looking: bool) -> None:
        """Begin to look, or leave."""
        self._looking = looking
        self._find()

    def field(self, step: str, place: tuple[float, float]) -> tuple[float, float, float, float] | None:
        """What a place of a step's map depends on: (top, left, height, width) in shares of the picture's sides.

        `step` names one of the stages, or `INPUT` for what is read; the place is (row, column) in shares of the map's
        sides. None where that is not known.
        """
        field = self.found.fields.get(step) if self.found is not None else None
        if field is None:
            return None
        row, column = int(place[0] * len(field.rows)), int(place[1] * len(field.columns))
        height, width = self._size
        box = field.in_picture((row, column), height, width, self._frame)
        return box.top / height, box.left / width, box.height / height, box.width / width

    def choose(self, kernel: str) -> None:
        """Try another kernel."""
        self.kernel = kernel
        self._try()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self._looking = False
        self.blockSignals(True)

    def _find(self) -> None:
        shown, view = self._pipeline.shown, self._session.view
        if not self._looking:
            return
        if shown is None or self._library.network is None:
            self.found, self.trouble = None, "Open a network and a folder of pictures first."
            self.changed.emit()
            return
        rgb, frame, key = shown.rgb, shown.frame, FilterKey(view.layer, view.filter)

        def work(network: "Network", on_step: OnStep) -> "tuple[FilterStages, RGB]":
            on_step(0, 0)
            from explorer.core.stages import filter_stages

            return filter_stages(network, rgb, key), _reduced(rgb)

        def done(answer: "tuple[FilterStages, RGB]") -> None:
            self.found, self.picture = answer
            self._size, self._frame, self.trouble = rgb.shape[:2], frame, ""
            self.changed.emit()
            self._try()

        def failed(error: BaseException) -> None:
            self.found, self.trouble = None, in_words(error)
            self.changed.emit()

        self._library.network_session.run(self._library.interactive, STAGES, work, done, failed)

    def _try(self) -> None:
        shown, kernel, stages = self._pipeline.shown, self.kernel, self.found
        if not self._looking or shown is None:
            return
        rgb = shown.rgb

        def work(on_step: OnStep) -> "tuple[tuple[RGB, RGB], str]":
            on_step(0, 0)
            from explorer.core.errors import UserError
            from explorer.core.stages import KERNELS, convolved, parse_kernel
            from explorer.core.stages.drawing import picture_of

            small = _reduced(rgb)
            values: npt.NDArray[np.float32]
            words = ""
            if kernel != OWN:
                values = KERNELS[kernel] if kernel in KERNELS else parse_kernel(kernel)
            elif stages is not None:
                values, words = stages.own_kernel()
            else:
                raise UserError("The filter's kernels are not known yet.")
            about_zero = abs(float(values.sum())) < 1e-3 * float(abs(values).sum())
            return (small, picture_of(convolved(small, values), about_zero=about_zero)), words

        def done(answer: "tuple[tuple[RGB, RGB], str]") -> None:
            (self.answer, self.kernel_words), self.kernel_trouble = answer, ""
            self.kernel_changed.emit()

        def failed(error: BaseException) -> None:
            self.kernel_trouble = in_words(error)
            self.kernel_changed.emit()

        self._library.interactive.submit(KERNEL, work, done, failed)


def _reduced(rgb: "RGB") -> "RGB":
    import numpy as np
    from PIL import Image

    longest = max(rgb.shape[:2])
    if longest <= LARGEST:
        return rgb
    sides = [max(1, round(side * LARGEST / longest)) for side in rgb.shape[:2]]
    return np.asarray(Image.fromarray(rgb).resize(sides[::-1], Image.Resampling.BOX))
