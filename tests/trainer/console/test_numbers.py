"""A number that is none, or not within its range: what is wanted is said, for every option of both programs."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explorer.cli import main as explorer
from explorer.cli import parser as explorer_parser
from trainer.cli import main as trainer
from trainer.cli import parser as trainer_parser

Program = Callable[[list[str]], int]


def options(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every option that turns its words into something else, behind its subcommands; how many words it takes."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from options(inner, (*words, name))
        elif action.type not in (None, Path, str) and action.option_strings:
            yield (*words, action.option_strings[-1]), action.nargs if isinstance(action.nargs, int) else 1


ALL = [
    *((explorer, "explorer", words, count) for words, count in options(explorer_parser())),
    *((trainer, "trainer", words, count) for words, count in options(trainer_parser())),
]
NAMES = [f"{program} {' '.join(words)}" for _, program, words, _ in ALL]


def said_to(program: Program, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        program(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(("program", "name", "words", "count"), ALL, ids=NAMES)
def test_a_word_is_answered_with_what_is_wanted(
    program: Program, name: str, words: tuple[str, ...], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_to(program, [*words, *["seven"] * count], capsys)
    assert f"argument {words[-1]}" in said
    assert "invalid" not in said
    assert "seven" in said


NOT_NEGATIVE = [
    *(("export", option) for option in ("--first", "--jobs")),
    *(("lens sheet", option) for option in ("--first", "--confused", "--per-pair")),
    *(("mute", option) for option in ("--threshold", "--random", "--random-on", "--seed")),
    *(("suggest", option) for option in ("--pictures", "--probes", "--chance")),
    *(("occlude", option) for option in ("--size", "--stride", "--limit")),
]


@pytest.mark.parametrize(("command", "option"), NOT_NEGATIVE)
def test_in_the_explorer_a_negative_number_is_answered_with_what_is_wanted(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_to(explorer, [*command.split(), option, "-1"], capsys)
    assert f"argument {option}: '-1' is not a" in said
    assert any(wanted in said for wanted in ("of 1 or more", "of 0 or more", "above 0", "from 0 to 1"))


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("lens sheet", option) for option in ("--first", "--confused", "--per-pair")),
        *(("suggest", "--pictures"), ("mute", "--random-on"), ("occlude", "--stride")),
    ],
)
def test_what_takes_one_at_least_makes_no_one_of_a_zero(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_to(explorer, [*command.split(), option, "0"], capsys)
    assert f"argument {option}: '0' is not a whole number of 1 or more" in said


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((option, "0") for option in ("--each", "--batch", "--rate")),
        *(
            (option, "-1")
            for option in ("--epochs", "--rate", "--small", "--each", "--batch", "--average", "--wide", "--lesion")
        ),
        *((option, "-1") for option in ("--processes", "--seed")),
        *(("--average", "1"), ("--wide", "2"), ("--rate", "nan"), ("--lesion", "inf")),
    ],
)
def test_the_numbers_of_train_concepts_are_checked(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_to(trainer, ["train-concepts", option, value], capsys)
    assert f"argument {option}: '{value}' is not a" in said


def test_no_epoch_at_all_takes_a_network_to_begin_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train-concepts", "--images", str(tmp_path), "--masks", str(tmp_path), "--out", str(tmp_path / "n"),
             "--epochs", "0"]  # fmt: skip
    assert "--epochs 0 needs a network to write: give --begin, or 1 epoch or more" in said_to(trainer, words, capsys)


@pytest.mark.parametrize(
    "words",
    [
        ["synthesize", "--count", "0"],
        ["synthesize", "--seed", "-1"],
        ["preview", "--stored", "0"],
        ["prepare", "--seed", "-1"],
        ["evaluate", "--fold", "-1"],
        ["evaluate", "--level", "0"],
        ["train", "--learning-rate", "nan"],
    ],
)
def test_so_are_those_of_the_other_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert f"argument {words[1]}: '{words[2]}' is not a" in said_to(trainer, words, capsys)
