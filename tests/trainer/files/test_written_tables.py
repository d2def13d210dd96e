import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.files.written_tables import read_rows, write_rows

CELLS = st.text() | st.from_regex(r"'{0,3}[=+\-@\t\r'][a-z0-9]*", fullmatch=True) | st.floats().map(str)


@given(st.lists(st.lists(CELLS, min_size=1), min_size=1), st.sampled_from(["read_rows", "csv"]))
def test_every_text_comes_back_and_a_spreadsheet_runs_none(rows: list[list[str]], reader: str) -> None:
    text = write_rows(rows).decode()
    plain = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [cells for _, cells in read_rows(text)] == rows
    for cells, written in zip(rows, plain, strict=True):
        for cell, there in zip(cells, written, strict=True):
            assert there in (cell, f"'{cell}")
            if there.startswith(("=", "+", "-", "@", "\t", "\r")):
                float(there)


@pytest.mark.parametrize("number", ["-0.5", "+3", "-1e-05", "-.5", "0", "1,5"])
def test_numbers_stay_numbers(number: str) -> None:
    assert write_rows([[number]]).decode().strip().strip('"') == number


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "-2+3", "+cmd|' /C calc'!A0", "\t=1", "\r=1", "-inf", "'=1"])
def test_what_a_spreadsheet_would_run_is_text_there(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(write_rows([[cell]]).decode(), newline=""))
    assert row == [f"'{cell}"]


def test_the_line_of_an_open_quote_is_named() -> None:
    with pytest.raises(csv.Error, match="line 2"):
        list(read_rows('a,b\n"c'))
