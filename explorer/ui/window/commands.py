"""What the commands of the window do: each asks what it must and forwards to the state."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication, QDialog, QInputDialog

from explorer.core.drawing.styles import COLOR_MAPS
from explorer.core.tags.book import FilterKey
from explorer.core.tags.vocabulary import Vocabulary, add_word
from explorer.state.filter_navigation import beside, next_untagged
from explorer.state.session import View
from explorer.ui.panels.tag_panel import WordDialog
from explorer.ui.widgets.plain_text import Buttons, told, warned
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.actions import Command, window_keys
from explorer.ui.window.file_commands import FileCommands

if TYPE_CHECKING:
    from explorer.ui.window.browser import Browser
    from explorer.ui.window.main_window import MainWindow

FILE, VIEW, WALK, TAGS, HELP = "&File", "&View", "&Go", "&Tags", "&Help"


class Commands:
    """The commands of one window."""

    def __init__(self, window: "MainWindow") -> None:
        self._window, self._workspace = window, window.workspace
        self.files = FileCommands(window)
        self._guard = self.files.guard
        self._places_of = ""
        self._places: dict[int, int] = {}

    def table(self) -> list[Command]:
        """All commands with their keys; words of the vocabulary come on top of the menu of tags."""
        step, look, there = self._step, self._switch, self._where_it_is
        return [
            Command(FILE, "Open a network …", "Ctrl+O", self.files.open_model),
            Command(FILE, "Open a network's folder …", "", self.files.open_model_folder),
            Command(FILE, "Open a folder of pictures …", "Ctrl+Shift+O", self.files.open_folder),
            Command(FILE, "Open the pictures' classes (CSV) …", "Ctrl+L", self.files.open_labels),
            Command(FILE, "Open tags …", "Ctrl+T", self.files.open_tags),
            Command(FILE, "Save tags in another file …", "Ctrl+Shift+S", self.files.save_tags_as),
            Command(FILE, "-", "", self.show_keys),
            Command(FILE, "Export figures …", "Ctrl+E", self.files.export),
            Command(FILE, "-", "", self.show_keys),
            Command(FILE, "Open the demo", "", self.files.open_demo),
            Command(FILE, "Quit", "Ctrl+Q", self._window.close),
            Command(WALK, "Next filter", "Right", lambda: step("filter", 1)),
            Command(WALK, "Previous filter", "Left", lambda: step("filter", -1)),
            Command(WALK, "Next picture", "Down", lambda: step("picture", 1)),
            Command(WALK, "Previous picture", "Up", lambda: step("picture", -1)),
            Command(WALK, "Next layer", "PgDown", lambda: step("layer", 1)),
            Command(WALK, "Previous layer", "PgUp", lambda: step("layer", -1)),
            Command(WALK, "Next filter without a tag", "N", lambda: self.go_untagged(1)),
            Command(WALK, "Previous filter without a tag", "Shift+N", lambda: self.go_untagged(-1)),
            Command(WALK, "Find pictures", "Ctrl+F", lambda: self._window.pictures.focus_search()),
            Command(TAGS, "-", "", self.new_word),
            Command(TAGS, "Another word …", "", self.new_word),
            Command(TAGS, "Detail of the tag", "D", self.describe_tag),
            Command(TAGS, "Who tags …", "", self.ask_annotator),
            Command(TAGS, "Write although another computer's lock is there …", "", self.take_over),
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
            Command(VIEW, "Occlusion", "X", there(lambda browser: browser.toggle_occlusion())),
            Command(VIEW, "Drag the patch", "Y", there(lambda browser: browser.toggle_drag())),
            Command(VIEW, "Leave a line of text, or take the patch away", "Escape", self.leave),
            Command(VIEW, "Fit the picture", "F", there(lambda browser: browser.viewer.image.fit())),
            Command(VIEW, "Enlarge", "+ or =", there(lambda browser: browser.viewer.image.zoom(1.25))),
            Command(VIEW, "Reduce", "-", there(lambda browser: browser.viewer.image.zoom(0.8))),
            Command(VIEW, "-", "", self.show_keys),
            Command(VIEW, "Light", "", lambda: self._theme("light"), lambda: self._scheme() == "light"),
            Command(VIEW, "Dark", "", lambda: self._theme("dark"), lambda: self._scheme() == "dark"),
            Command(VIEW, "As the system", "", lambda: self._theme("system"), lambda: self._scheme() == "system"),
            Command(HELP, "Keys", "? or F1", self.show_keys),
            Command(HELP, "Unreadable pictures", "", self.files.show_unreadable),
            Command(HELP, "About", "", self.about),
        ]

    def _where_it_is(self, run: Callable[["Browser"], object]) -> Callable[[], object]:
        """What runs in the browser where it is there; before something is opened, a sentence."""
        center, say = self._window.center, self._window.problems.show_text
        nothing = "Open a network or a folder of pictures first."
        return lambda: run(center.browser) if center.built else say(nothing, calm=True)

    def offer_words(self) -> None:
        """Bring the vocabulary into the menu, the panel and the grid."""
        taken = window_keys(self.table())
        # A key that stands for two things would do neither: the window's own commands win.
        vocabulary = Vocabulary(
            tuple(replace(word, key="") if word.key in taken else word for word in self._workspace.vocabulary.entries)
        )
        self._window.actions_.offer_words(TAGS, vocabulary, self.toggle)
        self._window.tags.set_vocabulary(vocabulary)
        self._window.filters.vocabulary = vocabulary
        if self._window.center.built:
            self._window.center.browser.offer_words(vocabulary)
        self._window.filters.repaint_all()

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
            self._window.problems.show_text("Every filter of this network has a tag.", calm=True)
        else:
            self._workspace.session.update(layer=found.layer, filter=found.filter)

    def toggle(self, word: str) -> None:
        """Tag the filter in view with a word, or take the word away."""
        view = self._workspace.session.view
        key = FilterKey(view.layer, view.filter)
        tagging = self._workspace.tagging
        evidence = self._workspace.pipeline.evidence(key.layer, key.filter)
        before = tagging.words(key)
        if self._guard(lambda: tagging.toggle(key, word, evidence)):
            self._window.tags.describe(word)
            gone = [other for other in before if other != word and other not in tagging.words(key)]
            if gone:
                text = f'"{word}" took {" and ".join(gone)} away from filter {key}. Ctrl+Z brings it back.'
                self._window.problems.show_text(text, calm=True)

    def describe_tag(self) -> None:
        """Put the keyboard into the detail of the filter's tag."""
        if not self._window.tags.focus_detail():
            self._window.problems.show_text("Tag the filter first: a detail says more about a tag.", calm=True)

    def leave(self) -> None:
        """Give up what is being typed; where nothing is, take the patch from the picture."""
        if not (self._window.pictures.leave_search() or self._window.tags.leave_description()):
            self._workspace.occluding.uncover()

    def describe(self, key: FilterKey, word: str, detail: str, note: str) -> None:
        """Write the detail and the note of a tag."""
        self._guard(lambda: self._workspace.tagging.describe(key, word, detail, note))

    def new_word(self) -> None:
        """Add a word to the person's own vocabulary."""
        dialog = WordDialog(self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._guard(lambda: self._add_word(dialog))

    def _add_word(self, dialog: WordDialog) -> None:
        self._workspace.vocabulary = add_word(
            self._workspace.vocabulary_path, dialog.entry(), reserved=window_keys(self.table())
        )
        self.offer_words()

    def ask_annotator(self) -> None:
        """Ask under which name tags are given."""
        name, given = QInputDialog.getText(
            self._window,
            "Who tags",
            "Your name, as it shall stand beside your tags:",
            text=self._workspace.tagging.annotator,
        )
        if given and name.strip():
            self._workspace.set_annotator(name.strip())
            self._window.tags.refresh()

    def take_over(self) -> None:
        """Ask, then write to a tags file that another computer seems to have open."""
        tagging = self._workspace.tagging
        if not tagging.read_only:
            self._window.problems.show_text("Nothing keeps this window from writing its tags.", calm=True)
            return
        text = f"{tagging.read_only}\n\nWrite here still? What is in the file by now is read first and stays."
        if warned(self._window, "Take the tags over", text, Buttons.Yes | Buttons.Cancel) == Buttons.Yes:
            self._guard(tagging.take_over)

    def choose_scale(self) -> None:
        """Choose fixed values for the scale."""
        from explorer.ui.dialogs.scale_dialog import ScaleDialog

        view, pipeline = self._workspace.session.view, self._workspace.pipeline
        map, scale = pipeline.map(view.layer, view.filter), pipeline.scale(view.layer, view.filter)
        if map is None:
            self._window.problems.show_text("Open a network and a folder first: there is no map to scale.", calm=True)
            return
        ScaleDialog(self._workspace.session, map, scale, self._window).show()

    def filter_changed(self, before: View, after: View) -> None:
        """Say the facts anew where another filter is in view; another picture's come with its maps."""
        if (after.layer, after.filter) != (before.layer, before.filter):
            self.show_facts()

    def show_facts(self) -> None:
        """Say in numbers what the filter answers on this picture."""
        view, pipeline = self._workspace.session.view, self._workspace.pipeline
        map = pipeline.map(view.layer, view.filter)
        if map is None:
            self._window.tags.set_facts("")
            return
        highest = float(map.max())
        if not math.isfinite(highest) or not math.isfinite(float(map.min())):
            self._window.tags.set_facts("answers with values that are no numbers on this picture")
            return
        share = float((map > 0).mean())
        text = (
            f"highest {highest:.3g}, positive on {share:.0%} of this picture"
            if highest > 0
            else "no answer on this picture"
        )
        self._window.tags.set_facts(text)

    def show_keys(self) -> None:
        """Show the sheet of keys."""
        from explorer.ui.dialogs.key_sheet import KeySheet

        KeySheet(self._window.actions_.groups, self._window).open()

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
        session, window, network = self._workspace.session, self._window, self._workspace.library.network
        view = session.view
        if what == "picture":
            picture = window.pictures.beside(view.picture, step)
            if picture is not None:
                session.update(picture=picture)
        elif network is None:
            return
        elif what == "layer":
            layer = max(0, min(view.layer + step, len(network.layers) - 1))
            if layer != view.layer:
                self.go_to_layer(layer)
        else:
            filter = beside(window.filters.rows, view.filter, step)
            if filter is not None:
                session.update(filter=filter)

    def _switch(self, name: str) -> None:
        style: Any = self._workspace.session.view.style
        self._workspace.session.update_style(**{name: not getattr(style, name)})

    def _is(self, name: str, value: object) -> Callable[[], bool]:
        return lambda: bool(getattr(self._workspace.session.view.style, name) == value)

    def _scheme(self) -> str:
        return self._workspace.settings.text("scheme", "dark")

    def _next_color_map(self) -> None:
        names = list(COLOR_MAPS)
        place = (
            names.index(self._workspace.session.view.style.color_map)
            if self._workspace.session.view.style.color_map in names
            else 0
        )
        self._workspace.session.update_style(color_map=names[(place + 1) % len(names)])

    def _theme(self, scheme: str) -> None:
        self._workspace.settings.set_text("scheme", scheme)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, scheme, self._workspace.icons)
