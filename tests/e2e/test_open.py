"""Story: a person opens what they have: state dicts, folders, damaged and hostile files."""

import pickle
from pathlib import Path

import pytest
import torch
import torchvision
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox
from pytestqt.qtbot import QtBot

from explorer.core.network.opening import open_network
from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from explorer.ui.dialogs import column_choice, questions
from tests.e2e.conftest import DEMO, Open
from tests.networks import save_small
from trainer.networks.input_spec import InputSpec


class Evil:
    """Writes a marker file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (exec, (f"open({str(self.marker)!r}, 'w').close()",))


def test_a_resnet18_state_dict_and_its_twenty_layers(open_window: Open, tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "resnet18.pt")
    person = open_window(Start(model=tmp_path / "resnet18.pt", images=DEMO / "pictures"))
    person.wait_for_maps()
    assert person.parts.layers.model().rowCount() == 20
    for layer in range(20):
        person.workspace.session.update(layer=layer, filter=0)
        maps, filters = person.workspace.pipeline.maps(layer), person.workspace.library.network.layers[layer].filters
        assert maps.shape[0] == filters == person.parts.filters.rowCount()
        assert person.workspace.pipeline.overlay(layer, 0, 64).shape == (64, 64, 4)
        person.parts.center.browser.grid.grab()
    assert person.message  # what was assumed is said, and all of it under the mouse
    assert "ImageNet" in person.parts.problems._text.toolTip()


def test_what_cannot_be_opened_is_one_sentence_and_the_window_lives(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(demo=True))
    person.wait_for_maps()
    marker = tmp_path / "marker"
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"w": Evil(marker)}))
    torch.save({"w": Evil(marker)}, tmp_path / "evil2.pt")
    (tmp_path / "empty.pt").touch()
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "unknown.pth")
    for name in ("evil.pt", "evil2.pt", "empty.pt"):
        person.parts.problems.hide()
        person.commands.files.open_model(tmp_path / name)
        person.until(lambda name=name: name in person.message)
        assert person.workspace.library.network.name == "demo-scratch-cnn"
    assert not marker.exists()
    person.press("Right")
    assert person.view.filter == 1


def test_an_unknown_architecture_is_asked_for(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(
        "import torch\n\ndef make_network():\n"
        "    m = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())\n"
        "    m.classes = list('abcde')\n    return m\n"
    )
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    torch.save(module.state_dict(), tmp_path / "own.pt")
    warned: list[str] = []

    def answer(dialog: questions.ArchitectureQuestion) -> int:
        dialog._name.setEditText(f"{tmp_path / 'own.py'}:make_network")
        return QDialog.DialogCode.Accepted

    def warning(parent: object, title: str, text: str, *buttons: object) -> QMessageBox.StandardButton:
        warned.append(text)
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(questions.ArchitectureQuestion, "exec", answer)
    monkeypatch.setattr(QMessageBox, "warning", warning)
    person = open_window(Start(model=tmp_path / "own.pt", images=pictures))
    person.wait_for_maps()
    assert [layer.filters for layer in person.workspace.library.network.layers] == [5]
    assert len(warned) == 1
    assert "runs the code" in warned[0]
    person.commands.files.open_model(tmp_path / "own.pt")
    person.until(lambda: person.workspace.library.interactive.busy() is False)
    assert len(warned) == 1  # the consent is remembered by the file's digest


def test_a_correction_of_what_was_assumed(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(torchvision.models.squeezenet1_1(num_classes=2).state_dict(), tmp_path / "s.pt")
    person = open_window(Start(model=tmp_path / "s.pt", images=pictures))
    person.wait_for_maps()
    assert person.workspace.library.network.classes == ("class 0", "class 1")

    def answer(dialog: questions.InputQuestion) -> int:
        dialog._classes.setText("benign, malignant")
        assert dialog._outputs.currentText() == "logits, compared by softmax"
        dialog._outputs.setCurrentText("logits, each class for itself")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(questions.InputQuestion, "exec", answer)
    person.click(person.parts.problems._action)
    person.until(lambda: person.workspace.library.network.classes == ("benign", "malignant"))
    person.wait_for_maps()
    assert person.workspace.library.network.output.independent


@pytest.mark.parametrize(
    "spec",
    [
        InputSpec(color_constancy=6.0, gamma=1.2, illumination=0.5, fill_corners=True, field_of_view=0.3),
        InputSpec((4, 4), "shortest", 6),
        InputSpec((4096, 2048), "squash", 8192, (0.1, 0.2, 0.3), (0.3, 0.2, 0.1)),
        InputSpec(mean=(0.4,), std=(0.2,), gamma=2.0),
    ],
)
def test_ok_without_a_change_keeps_the_whole_input(qtbot: QtBot, spec: InputSpec) -> None:
    dialog = questions.InputQuestion("", spec, ("benign", "malignant"))
    qtbot.addWidget(dialog)
    assert dialog.answer(Request(Path("n.pt"))).input == spec


def test_a_grey_network_that_is_said_to_take_color_takes_color(qtbot: QtBot) -> None:
    dialog = questions.InputQuestion("", InputSpec(mean=(0.4,), std=(0.2,)))
    qtbot.addWidget(dialog)
    dialog._channels.setCurrentText("color (RGB)")
    assert dialog._range.currentText() == "as it is now"
    assert dialog.answer(Request(Path("n.pt"))).input == InputSpec(mean=(0.4,) * 3, std=(0.2,) * 3)


def test_damaged_pictures_are_listed_and_stop_nothing(open_window: Open, tmp_path: Path, pictures: Path) -> None:
    for number in range(3):
        (pictures / f"a{number}.jpg").write_bytes(b"\xff\xd8\xff damaged")
    person = open_window(Start(model=save_small(tmp_path / "n.safetensors"), images=pictures))
    person.until(lambda: len(person.workspace.library.bad) == 3)
    assert person.parts.status.bad.text() == "3 unreadable"
    person.until(lambda: "a0.jpg" in person.message)
    person.press("Down", "Down", "Down")
    person.wait_for_maps()
    assert person.view.picture.name.startswith("picture")


def test_the_last_session_comes_back(open_window: Open, tmp_path: Path, pictures: Path) -> None:
    first = open_window(Start(model=save_small(tmp_path / "n.safetensors"), images=pictures))
    first.wait_for_maps()
    first.press("Down", "PageUp", "Right")
    first.wait_for_maps()
    view = first.view
    first.window.close()
    second = open_window()
    second.wait_for_maps()
    assert second.view == view


def test_a_table_that_leaves_a_question_opens_the_folder_and_asks(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted(pictures.rglob("*.png"))):
        path.rename(flat / f"p{number}.png")
    rows = "".join(
        f"p{number}.png,{'red' if number % 3 else 'blue'},{'oval' if number % 2 else 'round'}\n" for number in range(12)
    )
    (tmp_path / "l.csv").write_text(f"photo,colour,shape\n{rows}")
    person = open_window(Start(images=flat, labels=tmp_path / "l.csv"))
    person.until(lambda: "more than one column" in person.message)
    assert "The folder was opened without classes." in person.message
    folder = person.workspace.library.folder
    assert len(folder.pictures) == 12
    assert folder.labels.counts == {}

    answers = iter([("label", "shape"), ("label", "colour")])

    def answer(dialog: column_choice.ColumnChoice) -> int:
        button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open)
        role, title = next(answers)
        assert button.isEnabled() == (dialog.boxes[role].currentText() == "shape")
        assert list(dialog.boxes) == ["image", "label", "lesion", "patient", "split"]
        dialog.boxes[role].setCurrentText(title)
        assert button.isEnabled()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(column_choice.ColumnChoice, "exec", answer)
    person.click(person.parts.problems._action)
    person.until(lambda: person.workspace.library.folder.labels.counts == {"oval": 6, "round": 6})
    assert 'classes by "shape"' in person.message
    person.click(person.parts.problems._action)  # what was decided can be decided anew, and is kept
    person.until(lambda: person.workspace.library.folder.labels.counts == {"blue": 4, "red": 8})
    assert person.workspace.settings.text("last/columns") == "label=colour"
    person.workspace.opening.open_folder(flat, tmp_path / "l.csv", columns={"label": ["shape"]})
    person.until(lambda: person.workspace.library.folder.labels.counts == {"oval": 6, "round": 6})
    (tmp_path / "l.csv").write_text("a,b\n1,2\n")
    person.commands.files.drop(tmp_path / "l.csv")
    person.until(lambda: "keeps the classes that it had" in person.message)
    assert person.workspace.library.folder.labels.counts == {"oval": 6, "round": 6}


def test_an_average_beside_the_raw_weights_is_asked_about_and_remembered(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, smooth = (torchvision.models.squeezenet1_1(num_classes=2).state_dict() for _ in range(2))
    torch.save({"state_dict": raw, "state_dict_ema": smooth}, tmp_path / "both.pt")

    def answer(dialog: questions.ChoiceQuestion) -> int:
        dialog._choices.setCurrentIndex(1)
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(questions.ChoiceQuestion, "exec", answer)
    first = open_window(Start(model=tmp_path / "both.pt", images=pictures))
    first.wait_for_maps()
    digest = open_network(tmp_path / "both.pt", device="cpu", key="state_dict_ema").digest
    assert first.workspace.library.network.digest == digest
    first.window.close()
    monkeypatch.delattr(questions.ChoiceQuestion, "exec")
    second = open_window()
    second.wait_for_maps()
    assert second.workspace.library.network.digest == digest


def test_which_of_an_onnx_files_outputs_holds_the_scores_is_asked_and_remembered(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    from tests.trainer.networks.onnx_import.test_description import two_heads

    def answer(dialog: questions.ChoiceQuestion) -> int:
        assert [dialog._choices.itemText(place) for place in range(2)] == ["lesion", "part:0"]
        dialog._choices.setCurrentIndex(1)
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(questions.ChoiceQuestion, "exec", answer)
    first = open_window(Start(model=two_heads(tmp_path), images=pictures))
    first.wait_for_maps()
    assert len(first.workspace.library.network.classes) == 5
    first.window.close()
    monkeypatch.delattr(questions.ChoiceQuestion, "exec")
    second = open_window()
    second.wait_for_maps()
    assert second.workspace.library.network.identity == first.workspace.library.network.identity
