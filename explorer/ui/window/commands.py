"""What the commands of the window do: each asks what it must and forwards to the state."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication, QMainWindow

from explorer.core.drawing.styles import COLOR_MAPS
from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary
from explorer.state.filter_navigation import beside, next_untagged
from explorer.state.preferences import SCHEME
from explorer.state.workspace import Workspace
from explorer.ui.widgets.plain_text import told
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.actions import Actions, Command, window_keys
from explorer.ui.window.file_commands import FileCommands
from explorer.ui.window.parts import WindowParts
from explorer.ui.window.tag_commands import TagCommands

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser

FILE, VIEW, WALK, TAGS, HELP = "&File", "&View", "&Go", "&Tags", "&Help"


class Commands:
    """The commands of one window."""

    def __init__(self, window: QMainWindow, workspace: Workspace, parts: WindowParts) -> None:
        self._window, self._workspace, self._parts = window, workspace, parts
        self.files = FileCommands(window, workspace, parts)
        self._guard = self.files.guard
        self.tags = TagCommands(
            window, workspace, parts, self._guard, lambda: window_keys(self.table()), self._show_words
        )
        self._places_of = ""
        self._places: dict[int, int] = {}
        self.actions = Actions(window, self.table())
        workspace.settings.preference_changed.connect(self._preference_changed)

    def table(self) -> list[Command]:
        """All commands with their keys; words of the vocabulary come on top of the menu of tags."""
        step, look, there, tags = self._step, self._switch, self._where_it_is, self.tags
        return [
            Command(FILE, "Open a network …", "Ctrl+O", self.files.open_model),
            Command(FILE, "Open a network's folder …", "", self.files.open_model_folder),
            Command(FILE, "Open a folder of pictures …", "Ctrl+Shift+O", self.files.open_folder),
            Command(FILE, "Open the pictures' classes (CSV) …", "Ctrl+L", self.files.open_labels),
            Command(FILE, "Open tags …", "Ctrl+T", self.files.open_tags),
            Command(FILE, "Save tags in another file …", "Ctrl+Shift+S", self.files.save_tags_as),
            Command(FILE, "-", "", self.show_keys),
            Command(FILE, "Export figures …", "Ctrl+E", self.files.export),
            Command(FILE, "Save what the lens shows …", "", self.files.save_lens),
            Command(FILE, "-", "", self.show_keys),
            Command(FILE, "Open the demo", "", self.files.open_demo),
            Command(FILE, "Settings …", "Ctrl+,", self.ask_preferences),
            Command(FILE, "Quit", "Ctrl+Q", self._window.close),
            Command(WALK, "Next filter", "Right", lambda: step("filter", 1)),
            Command(WALK, "Previous filter", "Left", lambda: step("filter", -1)),
            Command(WALK, "Next picture", "Down", lambda: step("picture", 1)),
            Command(WALK, "Previous picture", "Up", lambda: step("picture", -1)),
            Command(WALK, "Next layer", "PgDown", lambda: step("layer", 1)),
            Command(WALK, "Previous layer", "PgUp", lambda: step("layer", -1)),
            Command(WALK, "Next filter without a tag", "N", lambda: self.go_untagged(1)),
            Command(WALK, "Previous filter without a tag", "Shift+N", lambda: self.go_untagged(-1)),
            Command(WALK, "Find pictures", "Ctrl+F", lambda: self._parts.pictures.focus_search()),
            Command(TAGS, "-", "", tags.new_word),
            Command(TAGS, "Another word …", "", tags.new_word),
            Command(TAGS, "Detail of the tag", "D", tags.describe_tag),
            Command(TAGS, "Who tags …", "", tags.ask_annotator),
            Command(TAGS, "Write although another computer's lock is there …", "", tags.take_over),
            Command(TAGS, "Undo", "Ctrl+Z", lambda: self._guard(self._workspace.tagging.undo)),
            Command(TAGS, "Redo", "Ctrl+Shift+Z or Ctrl+Y", lambda: self._guard(self._workspace.tagging.redo)),
            Command(VIEW, "Outline at half of the scale", "O", lambda: look("outline"), self._is("outline", True)),
            Command(VIEW, "Untouched picture beside", "V", lambda: look("beside"), self._is("beside", True)),
            Command(VIEW, "Raw convolution", "R", lambda: look("raw"), self._is("raw", True)),
            Command(VIEW, "Other color map", "M", self._next_color_map),
            *(
                Command(
                    VIEW,
                    text,
                    key,
                    partial(self._workspace.session.update_style, scale=scale),
                    self._is("scale", scale),
                )
                for text, key, scale in (
                    ("Scale: this map", "1", "map"),
                    ("Scale: the layer", "2", "layer"),
                    ("Scale: pictures seen", "3", "seen"),
                )
            ),
            Command(VIEW, "Scale: fixed values …", "4", self.choose_scale, self._is("scale", "fixed")),
            Command(VIEW, "Next order of the grid", "G", there(lambda browser: browser.next_order())),
            Command(VIEW, "Only filters with a tag", "T", there(lambda browser: browser.toggle_tagged())),
            Command(VIEW, "Next tab", "P", there(lambda browser: browser.next_tab())),
            Command(VIEW, "Lens …", "L", there(lambda browser: browser.viewer.display.offer_lenses())),
            Command(VIEW, "Occlusion", "X", there(lambda browser: browser.toggle_occlusion())),
            Command(VIEW, "Drag the patch", "Y", there(lambda browser: browser.toggle_drag())),
            Command(VIEW, "Leave a line of text, the patch, or the lens", "Escape", self.leave),
            Command(VIEW, "Fit the picture", "F", there(lambda browser: browser.viewer.image.fit())),
            Command(VIEW, "Enlarge", "+ or =", there(lambda browser: browser.viewer.image.zoom(1.25))),
            Command(VIEW, "Reduce", "-", there(lambda browser: browser.viewer.image.zoom(0.8))),
            Command(VIEW, "-", "", self.show_keys),
            *(
                Command(VIEW, words.capitalize(), "", partial(self._theme, scheme), partial(self._is_theme, scheme))
                for scheme, words in SCHEME.choices.items()
            ),
            Command(HELP, "Keys", "? or F1", self.show_keys),
            Command(HELP, "Unreadable pictures", "", self.files.show_unreadable),
            Command(HELP, "About", "", self.about),
        ]

    def _where_it_is(self, run: Callable[["Browser"], object]) -> Callable[[], object]:
        """What runs in the browser where it is there; before something is opened, a sentence."""
        center, say = self._parts.center, self._parts.problems.show_text
        nothing = "Open a network or a folder of pictures first."
        return lambda: run(center.browser) if center.built else say(nothing, calm=True)

    def _show_words(self, vocabulary: Vocabulary) -> None:
        self.actions.offer_words(TAGS, vocabulary, self.tags.toggle)

    def go_to_layer(self, layer: int) -> None:
        """Look at a layer, at the filter that was looked at there last."""
        view, network = self._workspace.session.view, self._workspace.library.network
        if network is None or layer == view.layer:
            return
        if self._places_of != network.identity:
            self._places_of, self._places = network.identity, {}
        self._places[view.layer] = view.filter
        self._workspace.session.update(layer=layer, filter=self._places.get(layer, 0))

    def go_untagged(self, step: int) -> None:
        """Look at the next filter without a tag."""
        network, view = self._workspace.library.network, self._workspace.session.view
        if network is None:
            return
        found = next_untagged(network.layers, self._workspace.tagging.book, FilterKey(view.layer, view.filter), step)
        if found is None:
            self._parts.problems.show_text("Every filter of this network has a tag.", calm=True)
        else:
            self._workspace.session.update(layer=found.layer, filter=found.filter)

    def leave(self) -> None:
        """Give up what is being typed; where nothing is, take the patch from the picture, then the lens."""
        if not (self._parts.pictures.leave_search() or self._parts.tags.leave_description()):
            if self._workspace.occluding.patch is not None:
                self._workspace.occluding.uncover()
            else:
                self._workspace.lens.choose("")

    def choose_scale(self) -> None:
        """Choose fixed values for the scale."""
        from explorer.ui.dialogs.scale_dialog import ScaleDialog

        view, pipeline = self._workspace.session.view, self._workspace.pipeline
        map, scale = pipeline.map(view.layer, view.filter), pipeline.scale(view.layer, view.filter)
        if map is None:
            self._parts.problems.show_text("Open a network and a folder first: there is no map to scale.", calm=True)
            return
        ScaleDialog(self._workspace.session, map, scale, self._window).show()

    def ask_preferences(self) -> None:
        """Show the settings."""
        from explorer.ui.dialogs.preferences_dialog import PreferencesDialog

        PreferencesDialog(self._workspace.settings, self._window).exec()

    def show_keys(self) -> None:
        """Show the sheet of keys."""
        from explorer.ui.dialogs.key_sheet import KeySheet

        KeySheet(self.actions.groups, self._window).open()

    def about(self) -> None:
        """Say what this program is."""
        told(
            self._window,
            "About",
            f"Feature-map explorer {self._workspace.version}",
            "Shows what every filter of a trained network answers to on dermoscopy pictures, "
            "after Van Molle et al. (2018).\n\nFor research. Not a medical device.",
        )

    def _step(self, what: str, step: int) -> None:
        session, parts, network = self._workspace.session, self._parts, self._workspace.library.network
        view = session.view
        if what == "picture":
            picture = parts.pictures.beside(view.picture, step)
            if picture is not None:
                session.update(picture=picture)
        elif network is None:
            return
        elif what == "layer":
            layer = max(0, min(view.layer + step, len(network.layers) - 1))
            if layer != view.layer:
                self.go_to_layer(layer)
        else:
            filter = beside(parts.filters.rows, view.filter, step)
            if filter is not None:
                session.update(filter=filter)

    def _switch(self, name: str) -> None:
        style: Any = self._workspace.session.view.style
        self._workspace.session.update_style(**{name: not getattr(style, name)})

    def _is(self, name: str, value: object) -> Callable[[], bool]:
        return lambda: bool(getattr(self._workspace.session.view.style, name) == value)

    def _is_theme(self, scheme: str) -> bool:
        return self._workspace.settings.preference(SCHEME) == scheme

    def _next_color_map(self) -> None:
        names, shown = list(COLOR_MAPS), self._workspace.session.view.style.color_map
        place = names.index(shown) if shown in names else 0
        self._workspace.session.update_style(color_map=names[(place + 1) % len(names)])

    def _theme(self, scheme: str) -> None:
        self._workspace.settings.set_preference(SCHEME, scheme)

    def _preference_changed(self, which: object) -> None:
        if which is not SCHEME:
            return
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, self._workspace.settings.preference(SCHEME), self._workspace.icons)
