"""The table of the window's commands: menu, words, keys, and what each does. Menus and the sheet of keys follow it."""

from dataclasses import replace
from functools import partial

from explorer.state.settings import SCHEME
from explorer.state.view.beside import UNTOUCHED
from explorer.ui.window.actions import FILE, HELP, TAGS, VIEW, WALK, Command
from explorer.ui.window.commands import Commands

SCALE, COLORS, BESIDE, LAYOUT, THEME = "Scale", "Colors", "Beside", "Layout", "Theme"
"""Menus within that of the view; what stands in one goes by its keys."""


def command_table(commands: Commands) -> list[Command]:
    """All commands with their keys; words of the vocabulary come on top of the menu of tags."""
    step, look, in_browser = commands.step, commands.switch, commands.in_browser
    files, tags, is_on = commands.files, commands.tags, commands.has_style
    workspace = commands.workspace
    in_the_middle = lambda: commands.parts.center.has_keyboard  # noqa: E731
    stack, beside, sides = workspace.tagging.stack, workspace.beside.toggle, workspace.sides
    return [
        Command(FILE, "Open a network …", "Ctrl+O", files.open_model),
        Command(FILE, "Open a network's folder …", "", files.open_model_folder),
        Command(FILE, "The network's input and classes …", "", commands.opened.change_input),
        Command(FILE, "Compare with another network …", "", commands.compare.ask),
        Command(FILE, "Close the network beside", "", commands.compare.close),
        Command(FILE, "Open a folder of pictures …", "Ctrl+Shift+O", files.open_folder),
        Command(FILE, "Open the pictures' classes (CSV) …", "Ctrl+L", files.open_labels),
        Command(FILE, "Measure the folder's scales anew …", "", files.measure_anew),
        Command(FILE, "Open tags …", "Ctrl+T", files.open_tags),
        Command(FILE, "Save tags in another file …", "Ctrl+Shift+S", files.save_tags_as),
        Command(
            FILE,
            "Copy the figure in view",
            "Ctrl+C",
            commands.unmuted(commands.figure.copy, of_both=True),
            section=True,
        ),
        Command(FILE, "Save the figure in view", "Ctrl+S", commands.unmuted(commands.figure.save, of_both=True)),
        Command(FILE, "Export figures …", "Ctrl+E", commands.unmuted(files.export)),
        Command(FILE, "Save what the lens shows …", "", commands.unmuted(files.save_lens)),
        Command(FILE, "Report on the tagged filters …", "", commands.unmuted(commands.report.ask)),
        Command(FILE, "Open the demo", "", files.open_demo, section=True),
        Command(FILE, "Settings …", "Ctrl+,", commands.ask_settings),
        Command(FILE, "Quit", "Ctrl+Q", commands.window.close),
        Command(WALK, "Next filter", "Right", lambda: step("filter", 1)),
        Command(WALK, "Previous filter", "Left", lambda: step("filter", -1)),
        Command(WALK, "Select the next filter too", "Shift+Right", lambda: commands.select_beside(1)),
        Command(WALK, "Select the previous filter too", "Shift+Left", lambda: commands.select_beside(-1)),
        Command(WALK, "Next picture", "Down", lambda: step("picture", 1)),
        Command(WALK, "Previous picture", "Up", lambda: step("picture", -1)),
        Command(WALK, "Next layer", "PgDown", lambda: step("layer", 1)),
        Command(WALK, "Previous layer", "PgUp", lambda: step("layer", -1)),
        Command(WALK, "Next filter without a tag", "N", lambda: commands.go_untagged(1)),
        Command(WALK, "Previous filter without a tag", "Shift+N", lambda: commands.go_untagged(-1)),
        Command(WALK, "Next filter of the work list", "J", lambda: commands.go_on_working(1), yields=True),
        Command(WALK, "Previous filter of the work list", "Shift+J", lambda: commands.go_on_working(-1)),
        Command(WALK, "Next filter with a suggestion", "Shift+K", lambda: tags.go_suggested(1)),
        Command(WALK, "Find pictures", "Ctrl+F", lambda: commands.parts.pictures.focus_search()),
        Command(WALK, "Star the picture, or take its star away", "Ctrl+D", commands.star),
        Command(TAGS, "Another word …", "#", tags.another_word, section=True),
        Command(TAGS, "A new word with a key …", "", tags.new_word),
        Command(TAGS, "Accept the suggestion", "Return or Enter", commands.confirm, hears=in_the_middle),
        Command(
            TAGS, "Reject the suggestion, or take that back", "Backspace", tags.reject_suggestion, hears=in_the_middle
        ),
        Command(TAGS, "The suggestion's concept over the picture", "K", tags.show_concept, yields=True),
        Command(TAGS, "Suggest tags", "", tags.suggest_tags),
        Command(TAGS, "Detail of the tag", "D", tags.describe_tag),
        Command(TAGS, "Needs review", "Q", tags.review, yields=True),
        Command(TAGS, "History …", "Ctrl+H", tags.show_history),
        Command(TAGS, "Who tags …", "", tags.ask_annotator),
        Command(TAGS, "Write although another computer's lock is there …", "", tags.take_over),
        Command(TAGS, "Undo", "Ctrl+Z", tags.undo, says=stack.undoText),
        Command(
            TAGS,
            "Redo",
            "Ctrl+Shift+Z or Ctrl+Y",
            tags.redo,
            says=stack.redoText,
        ),
        Command(VIEW, "Mute the filter, or take it back", "U", commands.mute, yields=True),
        Command(VIEW, "Restore all muted filters", "Shift+U", workspace.muting.restore),
        Command(VIEW, "Why: what the index says of the filter", "E", lambda: commands.parts.card.unfold(), yields=True),
        Command(VIEW, "Stages and kernels of the filter …", "I", commands.windows.show_stages, yields=True),
        Command(VIEW, "What a recipe shows of the picture …", "", commands.windows.show_preview),
        Command(VIEW, "Lens …", "L", in_browser(lambda browser: browser.viewer.display.offer_lenses()), section=True),
        Command(VIEW, "Occlusion", "X", in_browser(lambda browser: browser.toggle_occlusion())),
        Command(
            VIEW,
            "Drag the patch",
            "Y",
            in_browser(lambda browser: browser.toggle_drag()),
            lambda: workspace.occluding.following,
            then="arrows move it, Esc leaves",
        ),
        Command(
            VIEW,
            "Leave text, message, selection, patch, lens or what if",
            "Escape",
            commands.leave,
        ),
        *_scales(commands),
        *(
            replace(command, under=COLORS)
            for command in (
                Command(VIEW, "Other color map", "M", commands.next_color_map),
                Command(VIEW, "Outline at half of the scale", "O", lambda: look("outline"), is_on("outline", True)),
                Command(VIEW, "Raw convolution", "R", lambda: look("raw"), is_on("raw", True)),
            )
        ),
        *(
            replace(command, under=BESIDE)
            for command in (
                Command(VIEW, "Pin the picture beside, or let it go", "Ctrl+P", commands.pin_picture),
                Command(VIEW, "Pin the filter beside, or let it go", "Shift+P", commands.pin_filter),
                Command(VIEW, "Untouched picture beside", "V", lambda: beside(UNTOUCHED), is_on("beside", True)),
                Command(VIEW, "Swap networks A and B", "W", commands.compare.swap, lambda: sides.swapped, yields=True),
            )
        ),
        *(
            replace(command, under=LAYOUT)
            for command in (
                Command(VIEW, "Fit the picture", "F", in_browser(lambda browser: browser.viewer.image.fit())),
                Command(VIEW, "Enlarge", "+ or =", in_browser(lambda browser: browser.viewer.image.zoom(1.25))),
                Command(VIEW, "Reduce", "-", in_browser(lambda browser: browser.viewer.image.zoom(0.8))),
                Command(VIEW, "Next order of the grid", "G", in_browser(lambda browser: browser.next_order())),
                Command(VIEW, "Next tab", "P", in_browser(lambda browser: browser.next_tab())),
                Command(VIEW, "Only filters with a tag", "T", in_browser(lambda browser: browser.toggle_tagged())),
                Command(
                    VIEW,
                    "The picture alone, or all panels",
                    "Z",
                    in_browser(lambda browser: commands.toggle_panels()),
                    yields=True,
                ),
            )
        ),
        *(
            Command(
                VIEW,
                words.capitalize(),
                "",
                partial(commands.set_theme, name),
                partial(commands.has_theme, name),
                under=THEME,
            )
            for name, words in SCHEME.choices.items()
        ),
        Command(HELP, "Manual", "", commands.show_manual),
        Command(HELP, "Tour", "", in_browser(lambda browser: commands.show_tour())),
        Command(HELP, "Keys", "? or F1", commands.show_keys),
        Command(HELP, "Messages", "", commands.windows.show_messages),
        Command(HELP, "Unreadable pictures", "", files.show_unreadable),
        Command(HELP, "About", "", commands.about),
    ]


def _scales(commands: Commands) -> list[Command]:
    """The scales by their digits."""
    session = commands.workspace.session
    every = (
        ("this map", "1", "map"),
        ("the layer", "2", "layer"),
        ("pictures seen", "3", "seen"),
        ("fixed values …", "4", "fixed"),
        ("this filter over the folder", "5", "folder"),
    )
    return [
        Command(
            VIEW,
            f"Scale: {text}",
            key,
            commands.choose_scale if scale == "fixed" else partial(session.update_style, scale=scale),
            commands.has_style("scale", scale),
            under=SCALE,
            section=key == "1",
        )
        for text, key, scale in every
    ]
