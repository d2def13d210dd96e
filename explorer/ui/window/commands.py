"""What the commands of the window do: each asks what it must and forwards to the state."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from explorer.core.drawing.styles import COLOR_MAPS
from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.comparison.side_by_side import EXPORT_OFF as SWAPPED
from explorer.state.comparison.side_by_side import MUTING_OFF
from explorer.state.settings import SCHEME
from explorer.state.view.beside import NOTHING
from explorer.state.view.filter_navigation import beside, next_untagged
from explorer.state.view.muting import EXPORT_OFF
from explorer.state.workspace import Workspace
from explorer.ui.widgets.command_tips import name_keys
from explorer.ui.widgets.message_banner import MUTING, NETWORK, NO_INDEX_YET
from explorer.ui.widgets.plain_text import told
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.actions import TAGS, Actions, Command, window_keys
from explorer.ui.window.compare_commands import CompareCommands
from explorer.ui.window.figure_commands import FigureCommands
from explorer.ui.window.file_commands import FileCommands
from explorer.ui.window.main_window import MainWindow
from explorer.ui.window.opened_notes import OpenedNotes
from explorer.ui.window.own_windows import OwnWindows
from explorer.ui.window.parts import WindowParts
from explorer.ui.window.report_command import ReportCommand
from explorer.ui.window.tag_commands import TagCommands

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser


class Commands:
    """The commands of one window; `table(commands)` lists them with their keys."""

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        parts: WindowParts,
        table: Callable[["Commands"], Sequence[Command]],
    ) -> None:
        self.window, self.workspace, self.parts = window, workspace, parts
        self.files = FileCommands(window, workspace, parts)
        self.guard = self.files.guard
        self.opened = OpenedNotes(window, workspace, parts, self.files.open_answered)
        self.tags = TagCommands(
            window, workspace, parts, self.guard, lambda: window_keys(table(self)), self._show_words
        )
        self.compare = CompareCommands(window, workspace, parts, self.files)
        self.report = ReportCommand(window, workspace, parts, self.guard)
        self.figure = FigureCommands(workspace, parts, self.guard)
        self.windows = OwnWindows(window, workspace, parts)
        self._places_of = ""
        self._places: dict[int, int] = {}
        self.actions = Actions(window, table(self))
        workspace.settings.setting_changed.connect(self._setting_changed)

    def in_browser(self, run: Callable[["Browser"], object]) -> Callable[[], object]:
        """What runs in the browser where it is there; before something is opened, a sentence."""
        center, say = self.parts.center, self.parts.problems.show_text
        nothing = "Open a network or a folder of pictures first."
        return lambda: run(center.browser) if center.shows_browser else say(nothing, calm=True)

    def name_keys(self, part: QWidget | None = None) -> None:
        """Name in the tooltips of a part of the window, or of all of it, the keys of what stands for commands."""
        name_keys(part or self.window, self.actions.keys)

    def _show_words(self, vocabulary: Vocabulary) -> None:
        self.actions.offer_words(TAGS, vocabulary, self.tags.toggle)
        QTimer.singleShot(0, self.window, self.name_keys)  # when the buttons of the words are there

    def go_to_layer(self, layer: int) -> None:
        """Look at a layer, at the filter that was looked at there last."""
        view, network = self.workspace.session.view, self.workspace.library.network
        if network is None or layer == view.layer:
            return
        if self._places_of != network.identity:
            self._places_of, self._places = network.identity, {}
        self._places[view.layer] = view.filter
        self.workspace.session.update(layer=layer, filter=self._places.get(layer, 0))

    def star(self) -> None:
        """Put a star on the picture in view, or take it away."""
        picture = self.workspace.session.view.picture
        if picture is not None:
            self.workspace.starred.toggle(picture)

    def pin_filter(self) -> None:
        """Let the filter in view stand beside, wherever one walks; where it does so already, let it go."""
        workspace, view = self.workspace, self.workspace.session.view
        if workspace.library.network is None:
            return
        wanted, pinned = FilterKey(view.layer, view.filter), workspace.pinned_filter
        let_go = pinned.filter == wanted and workspace.beside.chosen == pinned.key
        pinned.pin(None if let_go else wanted)
        workspace.beside.choose(NOTHING if let_go else pinned.key)

    def pin_picture(self) -> None:
        """Let the picture in view stand beside, wherever one walks; where it does so already, let it go."""
        workspace, picture, pinned = self.workspace, self.workspace.session.view.picture, self.workspace.pinned_picture
        if picture is None:
            return
        let_go = pinned.picture == picture and workspace.beside.chosen == pinned.key
        pinned.pin(None if let_go else picture)
        workspace.beside.choose(NOTHING if let_go else pinned.key)

    def go_untagged(self, step: int) -> None:
        """Look at the next filter without a tag."""
        network, view = self.workspace.library.network, self.workspace.session.view
        if network is None:
            return
        key = next_untagged(network.layers, self.workspace.tagging.book, FilterKey(view.layer, view.filter), step)
        if key is None:
            self.parts.problems.show_text("Every filter of this network has a tag.", calm=True)
        else:
            self.workspace.session.update(layer=key.layer, filter=key.filter)

    def go_on_working(self, step: int) -> None:
        """Look at the next filter of the work list."""
        working = self.workspace.working
        key = working.beside(step)
        if key is not None:
            if self.parts.center.built:
                self.parts.center.browser.begin_here.leave()  # who walks the list needs not be told of it
            self.workspace.session.update(layer=key.layer, filter=key.filter)
        elif working.list is None or not working.list.filters:
            text = "There is no work list yet: it comes with the index of the folder."
            self.parts.problems.show_text(text, calm=True, until=NO_INDEX_YET)
        else:
            end = "last" if step > 0 else "first"
            self.parts.problems.show_text(f"This is the {end} filter of the work list.", calm=True)

    def mute(self) -> None:
        """Take the filter in view away, or give it back."""
        view = self.workspace.session.view
        if self.workspace.sides.swapped:
            self.parts.problems.show_text(MUTING_OFF, calm=True)
        else:
            self.guard(lambda: self.workspace.muting.toggle(FilterKey(view.layer, view.filter)))

    def unmuted(self, run: Callable[[], object], *, of_both: bool = False) -> Callable[[], object]:
        """What runs while nothing is muted, and A lies in front where its figures are not `of_both`, so that none is
        taken for one of another network; else a sentence."""
        muting, sides, say = self.workspace.muting, self.workspace.sides, self.parts.problems.show_text

        def checked() -> object:
            if sides.swapped and not of_both:
                return say(SWAPPED, calm=True)
            return say(EXPORT_OFF, until=[MUTING, NETWORK]) if muting.keys else run()

        return checked

    def leave(self) -> None:
        """Give up the first of these: tour, what is being typed, message, selection, patch, lens, what if."""
        from explorer.ui.window.tour_steps import leave_tour

        workspace, parts = self.workspace, self.parts
        left = leave_tour(self.window) or parts.pictures.leave_search() or parts.tags.leave_description()
        if left or parts.problems.put_away() or workspace.selection.clear():
            return
        if workspace.lens.lens is not None and parts.center.browser.leave_drag():
            return
        if workspace.occluding.patch is not None:
            workspace.occluding.uncover()
        elif workspace.lens.lens is not None:
            workspace.lens.choose("")
        elif workspace.what_if.showing or workspace.what_if.tool:
            workspace.what_if.restore()

    def choose_scale(self) -> None:
        """Choose fixed values for the scale."""
        from explorer.ui.dialogs.scale_dialog import ScaleDialog

        view, pipeline = self.workspace.session.view, self.workspace.pipeline
        map, scale = pipeline.map(view.layer, view.filter), pipeline.scale(view.layer, view.filter)
        if map is None:
            self.parts.problems.show_text("Open a network and a folder first: there is no map to scale.", calm=True)
            return
        ScaleDialog(self.workspace.session, map, scale, self.window).show()

    def toggle_panels(self) -> None:
        """Hide all but the picture, or show the panels again."""
        browser, sides = self.parts.center.browser, (self.parts.columns.widget(0), self.parts.columns.widget(2))
        alone = not browser.alone
        for side in sides:
            if side is not None:
                side.setVisible(not alone)
        browser.show_viewer_alone(alone)
        self.parts.center.take_keyboard()

    def ask_settings(self) -> None:
        """Show the settings."""
        from explorer.ui.dialogs.settings_dialog import SettingsDialog

        SettingsDialog(self.workspace.settings, self.window).exec()

    def show_keys(self) -> None:
        """Show the sheet of keys."""
        from explorer.ui.dialogs.key_sheet import KeySheet
        from explorer.ui.window.key_groups import key_groups

        every = [action for _, actions in self.actions.groups for action in actions]
        KeySheet(key_groups(every, self.actions.words), self.window).open()

    def show_manual(self) -> None:
        """Show the program's own pages."""
        from explorer.state.manual import manual_pages
        from explorer.ui.dialogs.manual import Manual

        Manual(manual_pages(), self.window).show()

    def show_tour(self) -> None:
        """Show the tour of the window."""
        from explorer.ui.window.tour_steps import show_tour

        if self.parts.center.browser.alone:
            self.toggle_panels()
        show_tour(self.window, self.parts)

    def about(self) -> None:
        """Say what this program is."""
        told(
            self.window,
            "About",
            f"Feature-map explorer {self.workspace.version}",
            "Shows what every filter of a trained network answers to on dermoscopy pictures, "
            "after Van Molle et al. (2018).\n\nFor research. Not a medical device.",
        )

    def step(self, kind: str, step: int) -> None:
        """Look at the next or previous "picture", "layer" or "filter"; a patch that follows takes the arrows, and what
        is to be laid into the picture."""
        session, parts, network = self.workspace.session, self.parts, self.workspace.library.network
        view = session.view
        down_across = (step, 0) if kind == "picture" else (0, step)
        if self.workspace.occluding.following and kind != "layer":
            self.workspace.occluding.move(*down_across)
        elif self.workspace.what_if.tool and kind != "layer":
            self.workspace.what_if.move(*down_across)
        elif kind == "picture":
            picture = parts.pictures.beside(view.picture, step)
            if picture is not None:
                session.update(picture=picture)
        elif network is None:
            return
        elif kind == "layer":
            layer = max(0, min(view.layer + step, len(network.layers) - 1))
            if layer != view.layer:
                self.go_to_layer(layer)
        else:
            filter = beside(parts.filters.rows, view.filter, step)
            if filter is not None:
                session.update(filter=filter)

    def confirm(self) -> None:
        """Lay what is to be laid into the picture; else accept what is suggested for the filter."""
        if self.workspace.what_if.tool:
            self.workspace.what_if.lay()
        else:
            self.tags.accept_suggestion()

    def select_beside(self, step: int) -> None:
        """Select the next or previous filter too, and look at it."""
        self.workspace.selection.step(self.parts.filters.rows, step)

    def switch(self, name: str) -> None:
        """Turn a part of the style on or off."""
        style: Any = self.workspace.session.view.style
        self.workspace.session.update_style(**{name: not getattr(style, name)})

    def has_style(self, name: str, value: object) -> Callable[[], bool]:
        """Whether a part of the style has this value, to be asked later."""
        return lambda: bool(getattr(self.workspace.session.view.style, name) == value)

    def has_theme(self, scheme: str) -> bool:
        """Whether the window has these colors."""
        return self.workspace.settings.value(SCHEME) == scheme

    def next_color_map(self) -> None:
        """Draw overlays in the next color map."""
        names, shown = list(COLOR_MAPS), self.workspace.session.view.style.color_map
        position = names.index(shown) if shown in names else 0
        self.workspace.session.update_style(color_map=names[(position + 1) % len(names)])

    def set_theme(self, scheme: str) -> None:
        """Give the window these colors, and remember them."""
        self.workspace.settings.set_value(SCHEME, scheme)

    def _setting_changed(self, setting: object) -> None:
        if setting is not SCHEME:
            return
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, self.workspace.settings.value(SCHEME), self.workspace.icons)
