"""Dialogs that ask what a file does not say."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from explorer.core.errors import UserError
from explorer.state.opened.answers import changed_answers
from explorer.state.opened.network_session import Request
from explorer.ui.widgets.fields import Suggestions
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import Buttons, PlainButton, warned
from explorer.ui.widgets.steady import Choice, Number
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE
from trainer.networks.arguments import line_of, words_of
from trainer.networks.input_spec import InputSpec

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from trainer.networks.output_spec import OutputSpec

RUNS_CODE = (
    "Opening a network with your own Python file runs the code in that file, with all your rights on this computer. "
    "Go on only if you wrote it or trust who did."
)
HOW = (
    "Choose or type the name of the architecture (timm/NAME for one of the timm library). Of a network of your own, "
    "choose the Python file that builds it; after the colon stands the function in it that returns the module."
)
MEANINGS = {
    "logits": "logits, compared by softmax",
    "probabilities": "probabilities that sum to one",
    "independent-logits": "logits, each class for itself",
    "independent-probabilities": "probabilities, each class for itself",
}
"""What the outputs of a network are (`trainer.networks.output_spec`), in words."""
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


_OPTION = re.compile(r"\s*\([^()]*--[a-z][^()]*\)")


def without_options(text: str) -> str:
    """The text of a question without the options of the command line: here the dialog itself is the way to answer."""
    return _OPTION.sub("", text)


class QuestionDialog(TallEnough):
    """A sentence, fields, and two buttons."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self.form = QFormLayout()
        self.form.setSpacing(SPACE)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout: QVBoxLayout = column(
            label(without_options(text), wrap=True), self.form, row(1, buttons), margin=2 * SPACE, gap=2 * SPACE
        )
        self.setLayout(layout)


class ArchitectureQuestion(QuestionDialog):
    """Which architecture the weights belong to, or the Python file that builds it."""

    def __init__(self, text: str, choices: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__("Which architecture?", text, parent)
        self._name = Suggestions(choices)
        self._name.line.setPlaceholderText("resnet18, or timm/NAME")
        browse = PlainButton("Python file …")
        browse.clicked.connect(self._browse)
        self.form.addRow("Architecture", row(self._name, browse))
        self.form.addRow(label(HOW, "quiet", wrap=True))
        self.form.addRow(label(RUNS_CODE, "quiet", wrap=True))
        self._name.setMinimumWidth(240)

    def answer(self, request: Request) -> Request:
        """The request with the architecture that was chosen."""
        return replace(request, architecture=self._name.currentText().strip() or None)

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Python file with the architecture", "", "Python (*.py)")
        if name:
            self._name.setEditText(f"{name}:make_network")


class ClassesQuestion(QuestionDialog):
    """The names of the classes, in the order of the outputs."""

    def __init__(self, text: str, proposal: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__("Which classes?", text, parent)
        self._names = QLineEdit(line_of(proposal))
        self.form.addRow("Classes, in order", self._names)

    def answer(self, request: Request) -> Request:
        """The request with the classes that were named."""
        return replace(request, classes=words_of(self._names.text()))


class InputQuestion(QuestionDialog):
    """How a picture becomes the network's input."""

    def __init__(
        self,
        text: str,
        proposal: InputSpec,
        classes: tuple[str, ...] | None = None,
        parent: QWidget | None = None,
        outputs: Mapping[str, str] | None = None,
    ) -> None:
        """`outputs` are the readings of the network's outputs, as `Request` has them, with their names, now's first."""
        super().__init__("Which input?", text, parent)
        self._classes = QLineEdit(line_of(classes or ()))
        self._classes.setCursorPosition(0)
        if classes is not None:
            self.form.addRow("Classes, in order", self._classes)
        self._size, self._to = Number(minimum=1, maximum=8192), Number(minimum=1, maximum=16384)  # as InputSpec
        self._size.setValue(proposal.size[0])
        self._to.setValue(proposal.resize_to)
        self._way = Choice()
        self._way.addItem("squash the whole picture", "squash")
        self._way.addItem("keep proportions, cut the centre", "shortest")
        self._way.setCurrentIndex(self._way.findData(proposal.resize))
        self._channels = Choice()
        self._channels.addItem("color (RGB)", 3)
        self._channels.addItem("grey", 1)
        self._channels.setCurrentIndex(self._channels.findData(proposal.channels))
        self._range = Choice()
        self._range.addItem("0 to 1", ((0.0,) * 3, (1.0,) * 3))
        self._range.addItem("ImageNet's mean and deviation", IMAGENET)
        self._range.addItem("-1 to 1", ((0.5,) * 3, (0.5,) * 3))
        self._proposal, self._given = proposal, classes
        ranges = [self._range.itemData(index) for index in range(self._range.count())]
        of_channels = [(mean[: proposal.channels], std[: proposal.channels]) for mean, std in ranges]
        if (proposal.mean, proposal.std) not in of_channels:
            self._range.addItem("as it is now", (proposal.mean, proposal.std))
            of_channels.append((proposal.mean, proposal.std))
        self._range.setCurrentIndex(of_channels.index((proposal.mean, proposal.std)))
        for name, part in (
            ("Side in pixels", self._size),
            ("Resize", self._way),
            ("to, before cutting", self._to),
            ("Channels", self._channels),
            ("Values", self._range),
        ):
            self.form.addRow(name, part)
        self._outputs = Choice()
        for spec, name in (outputs or {}).items():
            self._outputs.addItem(name, spec)
        if outputs:
            self.form.addRow("Class scores", self._outputs)

    def answer(self, request: Request) -> Request:
        """The request with the input that was chosen; UserError where it is not usable."""
        channels = self._channels.currentData()
        # What a grey network takes off is taken off each color.
        mean, std = ((numbers * channels)[:channels] for numbers in self._range.currentData())
        side, text = self._size.value(), self._classes.text()
        untouched = self._given is not None and text == line_of(self._given)
        classes = self._given if untouched else words_of(text)
        return replace(
            request,
            classes=classes or request.classes,
            outputs=self._outputs.currentData() if self._outputs.currentIndex() > 0 else request.outputs,
            input=replace(
                self._proposal,
                size=self._proposal.size if side == self._proposal.size[0] else (side, side),
                resize=self._way.currentData(),
                resize_to=self._to.value(),
                mean=mean,
                std=std,
            ),
        )


class ChoiceQuestion(QuestionDialog):
    """Which of several weights in one file to open (`part` "key"), or which answer holds the scores ("outputs")."""

    def __init__(self, text: str, choices: tuple[str, ...], part: str, parent: QWidget | None = None) -> None:
        super().__init__("Which weights?" if part == "key" else "Which class scores?", text, parent)
        self._part = part
        self._choices = Choice()
        for choice in choices:
            self._choices.addItem(choice, choice)
        self.form.addRow("Open" if part == "key" else "Scores", self._choices)

    def answer(self, request: Request) -> Request:
        """The request with what was chosen."""
        chosen = self._choices.currentData()
        return replace(request, key=chosen) if self._part == "key" else replace(request, outputs=chosen)


def ask(request: Request, error: UserError, parent: QWidget) -> Request | None:
    """Put the question that opening a file raised; None where the person cancels."""
    about, choices = getattr(error, "about", ""), tuple(getattr(error, "choices", ()))
    dialog: ArchitectureQuestion | ClassesQuestion | InputQuestion | ChoiceQuestion
    if about == "architecture":
        dialog = ArchitectureQuestion(str(error), choices, parent)
    elif about == "classes":
        dialog = ClassesQuestion(str(error), choices, parent)
    elif about in ("key", "outputs") and choices:
        dialog = ChoiceQuestion(str(error), choices, about, parent)
    else:
        dialog = InputQuestion(str(error), InputSpec(), None, parent)
    return dialog.answer(request) if dialog.exec() == QDialog.DialogCode.Accepted else None


def readings(request: Request, output: "OutputSpec") -> dict[str, str]:
    """The readings of a network's outputs, as `Request` has them, with their names, now's first.

    Of the part of its answer, or the last layers, that were chosen when it was opened.
    """
    chosen = type(output).parse(request.outputs).take if request.outputs else ""
    output = replace(output, take=output.take or chosen)
    others = {replace(output, meaning=meaning).text: name for meaning, name in MEANINGS.items()}
    return {output.text: MEANINGS[output.meaning], **others}


def change_assumed(request: Request, network: "Network", parent: QWidget) -> Request | None:
    """Let a person correct what was proposed for a file that did not say it; None where they leave it as it is."""
    outputs = readings(request, network.output) if network.classes else {}
    text = "What the file does not say. Correct it where you know better."
    dialog = InputQuestion(text, network.input, network.classes, parent, outputs)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return None
    answered = changed_answers(request, dialog.answer(request), network)
    return answered if answered != request else None


def confirm_code(path: Path, parent: QWidget) -> bool:
    """Ask before code of a file runs; remembering the answer is the caller's work."""
    text = f"{path.name}\n\n{RUNS_CODE}"
    return warned(parent, "This runs code", text, Buttons.Yes | Buttons.Cancel, Buttons.Cancel) == Buttons.Yes


def confirm_foreign_tags(path: Path, theirs: str, ours: str, parent: QWidget) -> bool:
    """Warn that a tags file is about another network, naming both."""
    text = (
        f"The tags in {path.name} were given to the filters of\n\n    {theirs}\n\n"
        f"The open network is\n\n    {ours}\n\n"
        "The same filter number means something else there. Open them still?"
    )
    buttons = Buttons.Open | Buttons.Cancel
    return warned(parent, "Tags of another network", text, buttons, Buttons.Cancel) == Buttons.Open


def confirm_measuring_anew(measured: str, parent: QWidget) -> bool:
    """Ask before the scales of the folder become others; `measured` says on which pictures they were measured."""
    now = f" (now: {measured})" if measured else ""
    text = (
        f"Scales and thresholds are measured once, and stay when pictures are added{now}. Measured anew, on up to 200 "
        "of the pictures that the folder has today, they become others:\n\n"
        "· overlays get other colors than in figures that were drawn before,\n"
        "· areas, and the pictures on which a filter counts as strong, become others,\n"
        "· every picture runs through the network again.\n\n"
        "Tags and figures stay as they are. The old scales cannot be brought back."
    )
    buttons = Buttons.Yes | Buttons.Cancel
    return warned(parent, "Measure the scales anew", text, buttons, Buttons.Cancel) == Buttons.Yes
