"""What a person gets who asks for help, or mistypes."""

import argparse

import pytest

from explorer.cli import main as explorer
from trainer.cli import COMMANDS, main, parser
from trainer.training.recipe import SETTINGS


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["train", "--data", "x", "--out", "y", "--lerning-rate", "3"], "--learning-rate"),
        (["train", "--data", "x", "--out", "y", "--lerning-rate=3"], "--learning-rate"),
        (["train", "--data", "x", "--out", "y", "--lr", "3"], "--learning-rate"),
        (["train", "--data", "x", "--out", "y", "--batch-size=3"], "--batch"),
        (["train", "--data", "x", "--out", "y", "--wd", "3"], "--weight-decay"),
        (["train-concepts", "--images", "x", "--masks", "y", "--out", "z", "--lr", "3"], "--rate"),
        (["train", "--data", "x", "--recipe", "papr"], "paper"),
        (["trian"], "train"),
        (["train", "--dta", "x", "--out", "y"], "--data"),
        (["prepare", "--image=x", "--labels", "l.csv", "--ot", "c.h5"], "--out"),
        (["describe", "c.h5", "--fgure", "x"], "--figure"),
    ],
)
def test_a_mistyped_word_gets_the_nearest(words: list[str], near: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"did you mean {near}?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "near"), [(["laers"], "layers"), (["layers", "--modle", "x", "--model", "y"], "--model")]
)
def test_so_it_does_in_the_explorer(words: list[str], near: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        explorer(words)
    assert ended.value.code == 2
    assert f"did you mean {near}?" in capsys.readouterr().err


def test_a_flag_of_another_command_is_not_proposed(capsys: pytest.CaptureFixture[str]) -> None:
    """The window's own flags are none of a subcommand's."""
    with pytest.raises(SystemExit):
        explorer(["compare", "--model", "m", "--with", "m", "--images", "d", "--out", "o", "--labels", "x"])
    assert "did you mean --labels" not in capsys.readouterr().err


def test_a_required_flag_that_was_mistyped_is_not_called_missing(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["train", "--dta", "x", "--out", "y"], "unrecognized arguments: --dta; did you mean --data?"),
        (["train", "--out", "y", "--qqq", "x"], "the following arguments are required: --data"),
        (["train", "--lerning-rate", "3"], "the following arguments are required: --data"),
    ):
        with pytest.raises(SystemExit):
            main(words)
        assert said in capsys.readouterr().err
    with pytest.raises(SystemExit):
        explorer(["layers", "--modell", "x"])
    assert "unrecognized arguments: --modell; did you mean --model?" in capsys.readouterr().err


def test_what_is_near_to_nothing_gets_no_advice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["describe", "c.h5", "--qqqqqq"])
    said = capsys.readouterr().err
    assert "unrecognized arguments: --qqqqqq" in said
    assert "did you mean" not in said


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("columns", "lines"), [(100, 42), (80, 48)])
def test_help_fits_a_screen(name: str, columns: int, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    commands = next(of for of in parser()._actions if isinstance(of, argparse._SubParsersAction))
    assert len(commands.choices[name].format_help().splitlines()) <= lines


def test_help_names_every_setting_and_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["train", "--help"], ["train", "--help-settings"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        said = capsys.readouterr().out.replace(":", " ").split()
        assert {f"--{name.replace('_', '-')}" for name in SETTINGS} <= set(said)
