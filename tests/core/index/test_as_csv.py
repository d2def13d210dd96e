"""An index as CSV says what the index says."""

import csv
from pathlib import Path

import numpy as np
import pytest

from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.core.index.as_csv import write_csv
from explorer.core.index.schema import ANSWERS
from explorer.core.tags import FilterKey
from tests.networks import open_small
from trainer.synthetic.picture import write_folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_every_column_is_there(tmp_path: Path) -> None:
    write_folder(tmp_path / "drawn", 6, size=48)
    network = open_small(tmp_path)
    with open_index(build_index(network, tmp_path / "drawn/images", tmp_path / "index.h5")) as index:
        folder = write_csv(index, tmp_path / "csv")
        pictures = rows_of(folder / "pictures.csv")
        assert [row[0] for row in pictures[1:]] == list(index.pictures)
        assert [row[1] for row in pictures[1:]] == list(index.given)
        shown = np.array([[float(cell) for cell in row[4:]] for row in pictures[1:]])
        np.testing.assert_allclose(shown, np.concatenate([index.logits, index.probabilities], axis=1), rtol=1e-5)
        filters = rows_of(folder / "filters.csv")
        assert len(filters) == 1 + len(index.filters())
        assert {path.name for path in folder.iterdir()} == {
            "pictures.csv",
            "filters.csv",
            *(f"{info.index}-{what}.csv" for info in network.layers for what in ANSWERS),
        }
        for what in ANSWERS:
            table = rows_of(folder / f"1-{what}.csv")
            column = table[0].index("1:2")
            found = [float(row[column] or "nan") for row in table[1:]]
            np.testing.assert_allclose(found, index.answers(FilterKey(1, 2), what), rtol=1e-5)
        with pytest.raises(UserError, match="name a new folder"):
            write_csv(index, folder)
