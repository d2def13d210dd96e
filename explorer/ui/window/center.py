"""The middle of the window: what to open first, what is being opened, and then the browser."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from explorer.state.opened.library import Library
from explorer.ui.widgets.labels_and_layouts import EmptyPlace

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser

    Building = Generator[None, None, Browser]


class Center(QWidget):
    """The empty place, the place that says what is being opened, or the browser.

    `building` makes the browser in stages, begun when something is being opened: a window that opens need not wait for
    what nobody sees yet, and between two stages it answers. The signals ask for what the empty place offers;
    `scale_asked` comes from the browser.
    """

    model_asked = Signal()
    folder_asked = Signal()
    demo_asked = Signal()
    scale_asked = Signal()
    made = Signal(object)
    """The browser, once it is there."""

    def __init__(self, library: Library, building: "Building") -> None:
        super().__init__()
        self._library = library
        self._browser: Browser | None = None
        self._stages = self._build(building)
        self._more_stages, self._at_work = True, False
        self._next_stage = QTimer(self, singleShot=True, interval=0)
        self._next_stage.timeout.connect(self._build_on)
        self._empty = EmptyPlace(
            "Open a trained network and a folder of pictures",
            "Drop them here, or choose them. What each filter of the network answers to is then drawn over "
            "every picture. The demo has both.",
            [
                ("Open a network …", self.model_asked.emit),
                ("Open a folder of pictures …", self.folder_asked.emit),
                ("Try the demo", self.demo_asked.emit),
            ],
        )
        self._opening = EmptyPlace("Opening", "The first network of a session takes some seconds.", [])
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._opening)
        library.network_opening.connect(self._say_opening)
        library.reading.progressed.connect(lambda slot, done, total: self._begin() if slot == "open folder" else None)
        library.network_opened.connect(lambda network: self._opened())
        library.folder_opened.connect(lambda folder: self._opened())
        library.problem.connect(lambda error: self._opened())
        library.question.connect(lambda request, error: self._opened())
        library.interactive.cancelled.connect(lambda slot: self._opened())

    @property
    def browser(self) -> "Browser":
        """The picture and the grids, built when they are first asked for."""
        while self._more_stages and not self._at_work:  # who hears that it is made may ask for it
            self._next()
        assert self._browser is not None
        return self._browser

    @property
    def built(self) -> bool:
        """Whether the browser is there, on show or not."""
        return self._browser is not None

    @property
    def shows_browser(self) -> bool:
        """Whether there is something to look at."""
        return self._browser is not None and self._stack.currentWidget() is self._browser

    def hide_overlay(self, hidden: bool) -> None:
        """Hide the overlay over the picture, or show it again."""
        if self._browser is not None:
            self._browser.viewer.image.hide_overlay(hidden)

    @property
    def has_keyboard(self) -> bool:
        """Whether the keyboard is in here: in the viewer, a grid, or in nothing of it."""
        focus = self.window().focusWidget()
        return focus is self or (focus is not None and self.isAncestorOf(focus))

    def take_keyboard(self) -> None:
        """Bring the keyboard to the filters: letters are tags, and must not begin in a search line."""
        (self.browser.place_of_keyboard if self.shows_browser else self).setFocus()

    def _begin(self) -> None:
        if self._more_stages and not self._next_stage.isActive():
            self._next_stage.start()

    def _build_on(self) -> None:
        self._next()
        self._begin()

    def _next(self) -> None:
        """Go one stage on."""
        self._at_work = True
        try:
            self._more_stages = next(self._stages, True) is None
        finally:
            self._at_work = False

    def _build(self, building: "Building") -> Generator[None, None, None]:
        browser = yield from building
        yield
        browser.viewer.display.scale_asked.connect(self.scale_asked)
        self._browser = browser
        self.made.emit(browser)
        yield
        self._stack.addWidget(browser)

    def _say_opening(self, path: Path) -> None:
        self._begin()
        if self._library.network is None:
            self._opening.say(f"Opening {path.name} …")
            self._stack.setCurrentWidget(self._opening)

    def _opened(self) -> None:
        busy = self._library.interactive.busy("open network")
        anything_open = self._library.network is not None or self._library.folder is not None
        wanted = (
            self._opening if busy and self._library.network is None else self.browser if anything_open else self._empty
        )
        if self._stack.currentWidget() is not wanted:
            self._stack.setCurrentWidget(wanted)
            self.take_keyboard()
