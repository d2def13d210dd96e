"""Every command line in the documentation is one that the programs take."""

import re
import shlex
from collections.abc import Iterator

import pytest

from explorer.cli import parser as explorer
from tests.conftest import ROOT
from trainer.cli import parser as trainer

_LINE = re.compile(r"^ {4}(feature-(?:trainer|explorer) (?:.*\\\n)*.*)$", re.MULTILINE)


def documented() -> Iterator[tuple[str, str]]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for found in _LINE.finditer(page.read_text("utf-8")):
            yield page.name, found[1].replace("\\\n", " ")


LINES = sorted(set(documented()))


def test_there_are_lines_to_try() -> None:
    assert len(LINES) > 60


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_documented_line_is_taken(page: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *words = shlex.split(line, comments=True)
    command = trainer() if program == "feature-trainer" else explorer(commands=not words[0].startswith("-"))
    try:
        command.parse_args(words)
    except SystemExit:
        pytest.fail(f"{page}: {line}: {capsys.readouterr().err}")
