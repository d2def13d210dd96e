"""The last hidden layer's answers on the pictures of an index: read as they are needed, because all are large."""

from collections.abc import Callable, Iterator, Sequence

import h5py
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]
Positions = Sequence[int] | npt.NDArray[np.intp]

BYTES = 1 << 22
"""What is read at once."""


class Embedding:
    """The input of the last linear layer on N pictures, D values each; D is 0 for a network without one.

    `column` gives the dataset (N, D); `order` (N,) says which of its rows each picture of the index is.
    """

    def __init__(self, column: Callable[[], h5py.Dataset], order: npt.NDArray[np.intp]) -> None:
        self._column, self._order = column, order

    @property
    def width(self) -> int:
        """D, how many values each picture has."""
        return int(self._column().shape[1])

    def all(self) -> Numbers:
        """All of them (N, D) float32."""
        values = np.empty((len(self._order), self.width), np.float32)
        for rows, block in self.blocks():
            values[rows] = block
        return values

    def of(self, rows: Positions) -> Numbers:
        """Those of some pictures (n, D) float32, in the order of `rows`."""
        column = self._column()
        if not len(rows) or not column.shape[1]:
            return np.zeros((len(rows), column.shape[1]), np.float32)
        in_file, back = np.unique(self._order[np.asarray(rows, np.intp)], return_inverse=True)
        return np.asarray(column[in_file], np.float32)[back]

    def blocks(self) -> Iterator[tuple[npt.NDArray[np.intp], Numbers]]:
        """Pictures (n,) as they lie in the file, some at a time, each with their values (n, D)."""
        column, of_file = self._column(), np.argsort(self._order)
        at_once = max(1, BYTES // (4 * max(1, column.shape[1])))
        for start in range(0, len(of_file), at_once):
            rows = of_file[start : start + at_once]
            yield rows, np.asarray(column[start : start + len(rows)], np.float32)

    def distances(self, to: Positions, others: Positions) -> Numbers:
        """How far (Euclidean) each of these pictures lies from each of the `others`, (n, m) float32."""
        ends, others = self.of(to), np.asarray(others, np.intp)
        distances = np.empty((len(ends), len(others)), np.float32)
        place = np.full(len(self._order), -1, np.intp)
        place[others] = np.arange(len(others))
        for rows, block in self.blocks():
            wanted = place[rows] >= 0
            values, places = block[wanted], place[rows[wanted]]
            for one, end in enumerate(ends):
                distances[one, places] = np.linalg.norm(values - end, axis=1)
        return distances
