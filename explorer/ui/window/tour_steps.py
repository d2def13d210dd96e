"""What the tour of the window says, and when it comes by itself: once, at the first start."""

from explorer.state.workspace import Workspace
from explorer.ui.dialogs.tour import Step, Tour
from explorer.ui.window.main_window import MainWindow
from explorer.ui.window.parts import WindowParts

SEEN = "tour seen"


def steps_of(parts: WindowParts) -> tuple[Step, ...]:
    """The six steps."""
    browser = parts.center.browser
    of_filter = Step(
        "The answer of one filter",
        "Color is where the filter answers: the bar at the right says how strongly, no color is below its lower end. "
        "Hold Space to see the picture alone; M changes the colors, Z gives the picture all room.",
        lambda: browser.viewer,
    )
    of_more = Step(
        "What lies over the picture",
        "No filter's map now: the first box above the picture says what, the bar at the right what its colors mean. "
        'The answer of one filter lies there again when you choose "this filter\'s map". Hold Space to see the picture '
        "alone, Z gives it all room.",
        lambda: browser.viewer,
    )
    return (
        of_filter if browser.viewer.shows_filter else of_more,
        Step(
            "The filters of the layer",
            "Each filter on this picture. ← and → walk them, Page up and Page down change the layer. What is framed is "
            "what you look at, and what a key tags.",
            lambda: browser.tabs,
        ),
        Step(
            "The pictures",
            "↑ and ↓ walk them. Search by name, by class:melanoma, or by what the network says: melanoma>0.8.",
            lambda: parts.pictures,
        ),
        Step(
            "Say what it answers to",
            "B border, C color, S skin type, H hair, A artifact, 0 nothing that you can name. The same key takes it "
            "back, Ctrl+Z undoes. Everything is saved at once.",
            lambda: parts.tags,
        ),
        Step(
            "What the network says",
            "The probabilities of the picture in view, always in sight. X covers the picture piece by piece and shows "
            "what changes them; U mutes the filter.",
            lambda: parts.top,
        ),
        Step(
            "Where to look first",
            "The folder's index is made here in the background. Then the work list says where to look first: J walks "
            "the filters that carry the decision, the most important first. ? lists all keys; Help has the manual.",
            lambda: parts.status,
        ),
    )


def show_tour(window: MainWindow, parts: WindowParts) -> Tour:
    """Begin the tour."""
    viewer = parts.center.browser.viewer
    return Tour(window, steps_of(parts), readable=(viewer.bar, viewer.histogram, viewer.lock, viewer.measured))


def leave_tour(window: MainWindow) -> bool:
    """End the tour, wherever the keyboard is by now; False where there is none."""
    tour = next((tour for tour in window.findChildren(Tour) if tour.isVisible()), None)
    if tour is not None:
        tour.end()
    return tour is not None


def offer_tour(window: MainWindow, workspace: Workspace, parts: WindowParts) -> None:
    """Begin it once the first picture of the very first start has its maps, if nothing else is asked or typed then."""
    if workspace.settings.text(SEEN):
        return

    def begin() -> None:
        free = window.isActiveWindow() and parts.center.has_keyboard
        if workspace.pipeline.activations is None or workspace.settings.text(SEEN) or not free:
            return
        workspace.settings.set_text(SEEN, "yes")
        show_tour(window, parts)

    workspace.pipeline.maps_changed.connect(begin)
