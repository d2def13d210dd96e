"""What the command lines print, to the letter; `UPDATE_GOLDEN=1` records it anew where a change is meant."""

import os
import sys

import pytest

from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "commands"
DEMO = ROOT / "resources" / "demo"
RECORDED_ON = (3, 11)
"""argparse words and wraps its help in another way in later versions."""

EXPLORER = (
    "",
    "layers",
    "export",
    "occlude",
    "lens",
    "lens sheet",
    "index",
    "concepts",
    "evaluate",
    "alarm",
    "mute",
    "compare",
    "what-if",
    "suggest",
    "tags",
    "tags list",
    "tags export",
    "tags import",
    "tags merge",
)
TRAINER = ("", "synthesize", "prepare", "describe", "preview", "train", "rates", "evaluate", "export", "train-concepts")
HELPS = [*(("explorer", command) for command in EXPLORER), *(("trainer", command) for command in TRAINER)]


def compared(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.skipif(sys.version_info[:2] != RECORDED_ON, reason="the help of argparse differs from version to version")
@pytest.mark.parametrize(("program", "command"), HELPS)
def test_the_help_is_as_it_was(program: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = __import__(f"{program}.cli", fromlist=["main"])
    with pytest.raises(SystemExit) as ended:
        module.main([*command.split(), "--help"])
    assert ended.value.code == 0
    compared(f"{program}-{command.replace(' ', '-') or 'help'}", capsys.readouterr().out)


def test_a_tags_file_is_listed_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    from explorer.cli import main

    assert main(["tags", "list", str(ROOT / "tests" / "archives" / "tags_v1.h5"), "--json"]) == 0
    compared("tags-list-json", capsys.readouterr().out)


def test_the_layers_of_the_demo_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    from explorer.cli import main

    assert main(["layers", "--model", str(DEMO / "demo-scratch-cnn.safetensors"), "--json", "--device", "cpu"]) == 0
    compared("layers-json", capsys.readouterr().out)
