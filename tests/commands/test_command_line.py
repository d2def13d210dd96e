"""The command line as a whole: which words open the window, and what is said to wrong ones."""

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

import trainer.cli
from explorer import cli, display
from tests.conftest import ROOT


@pytest.mark.parametrize("words", [["-h"], ["--demo", "--help"]])
def test_help_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(f"\n    {name} " in text for name in cli.COMMANDS)


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A command line, and those of its subcommands at any depth."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from parsers(subparser)


@pytest.mark.parametrize("top", [cli.parser(), trainer.cli.parser()], ids=lambda top: top.prog)
def test_every_command_has_a_help_that_says_what_was_written(top: argparse.ArgumentParser) -> None:
    found = list(parsers(top))
    assert len(found) > 9
    for parser in found:
        help = " ".join(parser.format_help().split()).replace("- ", "-")
        for action in parser._actions:
            if action.help not in (None, argparse.SUPPRESS):
                assert " ".join(str(action.help).split()).replace("- ", "-") in help, parser.prog


@pytest.mark.parametrize("words", [["--help"], ["layers", "--help"], ["occlude", "--help"]])
def test_help_names_the_files_that_open(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(words)
    text = " ".join(capsys.readouterr().out.split())
    assert ".safetensors, a state dict, .onnx, or a folder" in text


@pytest.mark.parametrize("words", [["exprot"], ["exprot", "--model", "x"]])
def test_a_word_that_is_no_command_is_answered_with_those_that_are(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "choose from" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--device", "cpu", "layers", "--model", "x"],
        ["--model", "x", "layers"],
        ["--demo", "tags"],
        ["--model=x", "tags"],
    ],
)
def test_options_of_the_window_are_not_lost_in_front_of_a_command(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "give its own after it" in capsys.readouterr().err


def test_a_folder_may_have_the_name_of_a_command() -> None:
    assert cli.late_command(["--images", "tags", "--demo"]) == ""


@pytest.mark.parametrize("words", [[], ["--demo"]])
def test_without_a_display_the_window_says_so_in_one_line(words: list[str]) -> None:
    code = (
        "import os, sys; [os.environ.pop(name, None) for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM')]; "
        "sys.platform = 'linux'; from explorer.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no display" in done.stderr
    assert all(name in done.stderr for name in cli.COMMANDS)


def test_missing_libraries_of_the_system_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(display, "PACKAGES", {"libabsent.so.9": "libabsent9"})
    monkeypatch.setattr(display, "_plugin_loads", lambda: False)
    assert display.obstacle() == "system libraries are missing; run: sudo apt-get install -y libabsent9"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere Qt brings all that it loads")
def test_the_plugin_says_whether_the_libraries_are_there() -> None:
    code = "from explorer import display; print(display._plugin_loads(), display.missing_packages())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    loads, _, missing = done.stdout.strip().partition(" ")
    assert (loads == "True") == (missing == "[]")
