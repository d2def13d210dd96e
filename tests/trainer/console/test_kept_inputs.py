"""No command of either program writes over a file that it reads."""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer import cli as explorer_cli
from tests.conftest import ROOT
from trainer import cli as trainer_cli
from trainer.console.kept_inputs import OUTPUTS

READ = b"what somebody made by hand"


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser of every subcommand."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for inner in action.choices.values():
            yield from commands(inner)
    if not below:
        yield parser


def every_parser(program: str) -> Iterator[argparse.ArgumentParser]:
    return commands({"explorer": explorer_cli.parser, "trainer": trainer_cli.parser}[program]())


def pairs() -> Iterator[tuple[str, tuple[str, ...], str, str]]:
    """Each output of each command with each file that the same command reads."""
    for program in ("explorer", "trainer"):
        for parser in every_parser(program):
            words = tuple(parser.prog.split()[1:])
            paths = [action for action in parser._actions if action.type is Path]
            for output in (action for action in paths if action.dest in OUTPUTS):
                for read in (action for action in paths if action.dest not in OUTPUTS):
                    yield program, words, output.option_strings[0], (read.option_strings or [""])[0]


EVERY = sorted(set(pairs()))


def test_there_are_many() -> None:
    assert len(EVERY) > 60


@pytest.mark.parametrize(("program", "words", "output", "read"), EVERY)
def test_what_is_read_is_not_written_over(
    program: str, words: tuple[str, ...], output: str, read: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = {"explorer": explorer_cli.main, "trainer": trainer_cli.main}[program]
    file, link = tmp_path / "file.jpg", tmp_path / "same.jpg"
    file.write_bytes(READ)
    link.symlink_to(file)
    of_words = next(inner for inner in every_parser(program) if inner.prog.split()[1:] == [*words])
    actions, groups = of_words._actions, of_words._mutually_exclusive_groups
    chosen = [
        f"{group._group_actions[0].option_strings[0]}={tmp_path / 'other'}"
        for group in groups
        if group.required and not any(read in action.option_strings for action in group._group_actions)
    ]
    needed = [action for action in actions if action.required and action.type is not Path and action.option_strings]
    others = [
        action
        for action in actions
        if action.required and action.type is Path and not {output, read} & {*action.option_strings, ""}
    ]
    given = [
        *(f"{action.option_strings[0]}={next(iter(action.choices or ['x']))}" for action in needed),
        *(f"{action.option_strings[0]}={tmp_path / 'other'}" for action in others if action.option_strings),
        f"{output}={link}",
        *((f"{read}={file}",) if read else ()),
    ]
    forced = ["--force"] if any("--force" in action.option_strings for action in actions) else []
    positional = [str(file) for action in actions if not action.option_strings and action.type is Path]
    assert main([*words, *given, *chosen, *forced, *positional]) == 1
    assert "it would be written over" in capsys.readouterr().err
    assert file.read_bytes() == READ


def test_a_picture_of_the_folder_that_is_read_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(READ)
    words = [
        "lens",
        "saliency",
        "--model=m.pt",
        f"--images={tmp_path}",
        "--target=class:a",
        "--force",
        f"--out={picture}",
    ]
    assert explorer_cli.main(words) == 1
    assert "lies among the pictures that are read" in capsys.readouterr().err
    assert picture.read_bytes() == READ


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("index", "--model=demo", "--images=pictures"), "an index"),
        (("suggest", "--model=demo", "--images=pictures", "--index=i.h5"), "a table of suggestions"),
        (("report", "--model=demo", "--images=pictures"), "a report"),
    ],
)
def test_what_is_of_another_kind_is_not_replaced(
    words: tuple[str, ...], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a command replaces what it wrote itself, without asking: nothing else."""
    demo = ROOT / "resources" / "demo"
    there = {"demo": str(demo / "demo-scratch-cnn.safetensors"), "pictures": str(demo / "pictures")}
    given = [f"{word.partition('=')[0]}={there.get(word.partition('=')[2], 'gone')}" for word in words[1:]]
    file = tmp_path / "notes"
    file.write_bytes(READ)
    assert explorer_cli.main([words[0], *given, f"--out={file}"]) == 1
    assert f"is there already and is not {kind} of this program" in capsys.readouterr().err
    assert file.read_bytes() == READ


@pytest.mark.parametrize("command", ["export", "concepts"])
def test_figures_among_the_pictures_are_said(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are taken for pictures next time."""
    shutil.copy(ROOT / "resources" / "demo" / "pictures" / "drawn_01.jpg", tmp_path)
    demo = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"
    words = [f"--model={demo}", "--filters=7:1"] if command == "export" else []
    assert explorer_cli.main([command, *words, f"--images={tmp_path}", f"--out={tmp_path / 'figures'}"]) == 0
    assert "is taken for pictures next time" in capsys.readouterr().err
