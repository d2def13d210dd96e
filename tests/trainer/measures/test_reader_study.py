from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.files.errors import UserError
from trainer.files.written_tables import write_rows
from trainer.measures.reader_study import ReaderResult, read_readers


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "readers.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "name,sensitivity,specificity\nA,0.8,0.65\nB,1,0\n",
        "name,sensitivity,specificity\nA,80,65\nB,100,0\n",
        "name,sensitivity,specificity\nA,80%,65%\nB,100 %,0%\n",
        "\ufeffSpecificity,years,Name,Sensitivity\n0.65,12,A,.8\n\n 0 ,3, B ,1.0\n",
    ],
)
def test_shares_and_percentages_are_the_same_points(tmp_path: Path, text: str) -> None:
    found = read_readers(table(tmp_path, text))
    assert [reader.name for reader in found] == ["A", "B"]
    assert [(reader.sensitivity, reader.specificity) for reader in found] == [
        pytest.approx((0.8, 0.65)),
        pytest.approx((1.0, 0.0)),
    ]


def test_a_name_that_a_spreadsheet_would_run_comes_back(tmp_path: Path) -> None:
    content = write_rows([("name", "sensitivity", "specificity"), ("=A", 0.8, 0.7)])
    assert read_readers(table(tmp_path, content.decode())) == (ReaderResult("=A", 0.8, 0.7),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no reader"),
        ("name,sensitivity,specificity\n", "names no reader"),
        ("name,sensitivity\nA,1\n", 'no column "specificity" in line 1'),
        ("name,sensitivity,specificity,Sensitivity\nA,1,1,1\n", 'more than one column "sensitivity"'),
        ("name,sensitivity,specificity\nA,0.8,0.9\nB,high,0.8\n", 'line 3: sensitivity "high"'),
        ("name,sensitivity,specificity\nA,0.8,0.9\n\nB,0.7,120\n", 'line 4: specificity "120"'),
        ("name,sensitivity,specificity\nA,-0.1,0.9\n", "line 2"),
        ("name,sensitivity,specificity\nA,nan,0.9\n", "line 2"),
        ("name,sensitivity,specificity\nA,0.8\n", "line 2, has 2 columns"),
        ("name,sensitivity,specificity\nA,80,0.9\n", "line 2: 0.9 may be a share or a percentage"),
        ("name,sensitivity,specificity\nA,80,70\nB,1,60\n", "line 3: 1 may be a share or a percentage"),
        ("name,sensitivity,specificity\nA,80%,70\n", "line 2, has a number without a % sign"),
        ('name,sensitivity,specificity\n"A,0.8,0.9\n', "cannot be read as a CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_readers(table(tmp_path, text))
    assert said in str(caught.value)
    assert "readers.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_readers(tmp_path / "none.csv")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(2, 100), st.integers(2, 100)), min_size=1, max_size=8))
def test_readers_come_back(tmp_path_factory: pytest.TempPathFactory, values: list[tuple[int, int]]) -> None:
    folder = tmp_path_factory.mktemp("readers")
    lines = [f"reader {place},{a / 100},{b / 100}" for place, (a, b) in enumerate(values)]
    shares = read_readers(table(folder, "\n".join(["name,sensitivity,specificity", *lines])))
    lines = [f"reader {place},{a},{b}" for place, (a, b) in enumerate(values)]
    percentages = read_readers(table(folder, "\n".join(["name,sensitivity,specificity", *lines])))
    for one, other, (a, b) in zip(shares, percentages, values, strict=True):
        assert one == ReaderResult(one.name, a / 100, b / 100)
        assert (other.sensitivity, other.specificity) == pytest.approx((a / 100, b / 100))
