"""Pictures that are nearly the same file again: saved anew, resized, recoloured, cropped, mirrored or turned.

A perceptual hash finds candidates, the centre of the picture confirms them. The hash is the signs of the low
frequencies of the grey picture's cosine transform (C. Zauner, Implementation and Benchmarking of Perceptual Image
Hash Functions, 2010, section 3.2, with 255 instead of 64 bits and zero instead of the median). Mirroring a picture
changes the sign of every second frequency and transposing it swaps the two directions, so that the hashes of its
eight symmetries follow from its own; a crop is looked for among hashes of windows of the other picture.

Limits and what was measured are in docs/cohort.md. Another view of one lesion is no near-duplicate: only lesion and
patient numbers can join those.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dct
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trainer.files.progress import OnStep, no_step

_KEPT, _GREY, _FREQUENCIES, _COARSE = 48, 32, 16, 8
_CENTRE = slice(8, 24)
SIGNATURE_BYTES = _KEPT * _KEPT

# docs/cohort.md says on what these were measured. At 40 bits the first wrong pairs come in (small round naevi on plain
# skin); without the correlation a third of the pairs is wrong at 36 bits, because a round black edge around the
# picture decides most bits.
MOST_BITS = 36
LEAST_CORRELATION = 0.9
LEAST_OF_OTHER_VIEWS = 0.98
"""Of a crop or a symmetry: more chances to be alike ask for a closer likeness."""
_MOST_COARSE_BITS = 12
"""Of the 63 lowest frequencies, which are compared first: a word of the machine each."""

_ROWS, _COLUMNS, _PAIRS = 256, 512, 16384
"""Pictures, and pairs of pictures, that are compared at a time: so few that they stay in a processor's cache."""

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A picture as another one may show it: a part of it, mirrored and turned.

    `rows` and `columns` are (from, to) as shares of its sides; the part is transposed where `transposed`, then its
    rows and columns are read backwards where `upside_down` and `mirrored`.
    """

    rows: tuple[float, float] = (0.0, 1.0)
    columns: tuple[float, float] = (0.0, 1.0)
    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is cut off, so that what holds for (one, other) holds for (other, one) in some view."""
        return self.rows == self.columns == (0.0, 1.0)

    def frequencies(self, greys: Floats) -> Floats:
        """The low frequencies (N, 16, 16) of this part of pictures (N, 48, 48), as if it was not turned."""
        waves = dct(np.eye(_GREY), axis=0, norm="ortho")[:_FREQUENCIES]
        down, across = ((waves @ _resampling(*span)).astype(np.float32) for span in (self.rows, self.columns))
        return np.asarray(np.matmul(np.matmul(down, greys), across.T))

    def signs(self, low: Floats) -> npt.NDArray[np.bool_]:
        """The signs (N, 16, 16) of the low frequencies of what this shows of pictures, from its `frequencies`."""
        if self.transposed:
            low = low.swapaxes(1, 2)
        backwards = (-1.0) ** np.arange(_FREQUENCIES)
        low = low * (backwards[:, None] if self.upside_down else 1) * (backwards if self.mirrored else 1)
        return np.asarray(low > 0)

    def centres(self, greys: Floats) -> Floats:
        """The middle (N, 256) of what this shows of pictures (N, 48, 48)."""
        down, across = (_resampling(*span)[_CENTRE].astype(np.float32) for span in (self.rows, self.columns))
        shown = np.matmul(np.matmul(down, greys), across.T)
        if self.transposed:
            shown = shown.swapaxes(1, 2)
        shown = shown[:, :: -1 if self.upside_down else 1, :: -1 if self.mirrored else 1]
        return np.asarray(shown.reshape(len(greys), 256), np.float32)


SYMMETRIES = tuple(
    View(transposed=transposed, upside_down=upside_down, mirrored=mirrored)
    for transposed in (False, True)
    for upside_down in (False, True)
    for mirrored in (False, True)
)
"""The picture itself, then its mirror images and quarter turns."""

_CUT = 0.05
_SPANS = ((0.0, 1.0), (0.0, 1 - _CUT), (_CUT, 1.0), (_CUT, 1 - _CUT))
PARTS = (
    View(),
    *(View(rows, columns) for rows in _SPANS for columns in _SPANS if (rows, columns) != (_SPANS[0], _SPANS[0])),
    View((_CUT / 2, 1 - _CUT / 2), (_CUT / 2, 1 - _CUT / 2)),
)
"""The whole picture; a twentieth cut off at every choice of its sides; and half of that at all four."""
VIEWS = tuple(tuple(replace(turned, rows=part.rows, columns=part.columns) for turned in SYMMETRIES) for part in PARTS)
"""Every part, mirrored and turned in every way; the picture itself is the first of the first."""


def signature(rgb: npt.NDArray[np.uint8]) -> bytes:
    """What is kept of a picture (H, W, 3) uint8 to compare it: its grey values, 48 x 48."""
    grey = np.asarray(Image.fromarray(rgb).convert("L").resize((_KEPT, _KEPT), Image.Resampling.BOX))
    return grey.tobytes()


def written(signature: bytes) -> str:
    """A signature as text."""
    return base64.b85encode(signature).decode()


def read_signature(text: str) -> bytes:
    """The signature that `written` wrote; ValueError where it is none."""
    decoded = base64.b85decode(text)
    if len(decoded) != SIGNATURE_BYTES:
        raise ValueError("a signature of another length")
    return decoded


def near_duplicates(signatures: Sequence[bytes], on_step: OnStep = no_step) -> npt.NDArray[np.intp]:
    """Pairs (n, 2) of positions i < j whose signatures say that they are nearly the same picture.

    Every picture is compared with every other one and its `VIEWS`.
    """
    count = len(signatures)
    table = np.frombuffer(b"".join(signatures), np.uint8).reshape(count, _KEPT, _KEPT)
    low = _frequencies(table, SYMMETRIES[0])
    plain = _hashes(low, SYMMETRIES[0])
    pair_codes, passes, done = [np.empty(0, np.intp)], len(VIEWS) * len(SYMMETRIES), 0
    for views in VIEWS:
        low = _frequencies(table, views[0])
        for view in views:
            shown = _hashes(low, view)
            least = LEAST_OF_OTHER_VIEWS if done else LEAST_CORRELATION
            waiting: list[npt.NDArray[np.intp]] = []
            for top in range(0, count, _ROWS):
                for pairs in _alike(plain, shown, top, later=view.whole):
                    waiting.append(pairs)
                    if sum(map(len, waiting)) >= _PAIRS:
                        pair_codes.append(_confirmed(table, waiting, view, least))
                        waiting = []
                on_step((done * count + min(top + _ROWS, count)) // passes, count)
            if waiting:
                pair_codes.append(_confirmed(table, waiting, view, least))
            done += 1
    return np.stack(np.divmod(np.unique(np.concatenate(pair_codes)), max(count, 1)), axis=1)


def _frequencies(table: npt.NDArray[np.uint8], view: View) -> Floats:
    """The low frequencies (N, 16, 16) of the part that a view shows of pictures (N, 48, 48)."""
    low = np.empty((len(table), _FREQUENCIES, _FREQUENCIES), np.float32)
    for start in range(0, len(table), _PAIRS):
        block = slice(start, start + _PAIRS)
        low[block] = view.frequencies(table[block].astype(np.float32))
    return low


def _hashes(low: Floats, view: View) -> tuple[Words, Words]:
    """The coarse hash (N,) and the whole one (N, 4) of what a view shows of pictures, from its part's frequencies."""
    signs = view.signs(low)
    signs[:, 0, 0] = False  # the mean says nothing
    coarse, whole = (
        np.packbits(signs[:, :side, :side].reshape(len(signs), side * side), axis=1).view(np.uint64)
        for side in (_COARSE, _FREQUENCIES)
    )
    return coarse[:, 0], whole


def _alike(
    plain: tuple[Words, Words], shown: tuple[Words, Words], top: int, *, later: bool
) -> Iterator[npt.NDArray[np.intp]]:
    """Pairs (n, 2), some at a time, of pictures from `top` on and of what is shown of others, whose hashes agree.

    Of a pair that would be found both ways, the one with the `later` picture second.
    """
    coarse, whole = (hashes[top : top + _ROWS] for hashes in plain)
    # Held, because asking for memory takes longer than what is done in it.
    held = tuple(np.empty((len(coarse), _COLUMNS), kind) for kind in (np.uint64, np.uint8, np.bool_))
    for left in range(top // _COLUMNS * _COLUMNS if later else 0, len(plain[0]), _COLUMNS):
        others = shown[0][left : left + _COLUMNS]
        apart, bits, near = (array.ravel()[: len(coarse) * len(others)].reshape(len(coarse), -1) for array in held)
        np.bitwise_xor(coarse[:, None], others, out=apart)
        np.less_equal(np.bitwise_count(apart, out=bits), _MOST_COARSE_BITS, out=near)
        if not near.any():  # looked at first, because to find the places takes longer
            continue
        first, second = np.divmod(np.flatnonzero(near), len(others))
        other = first + top < second + left if later else first + top != second + left
        first, second = first[other], second[other] + left
        for start in range(0, len(first), _PAIRS):
            i, j = first[start : start + _PAIRS], second[start : start + _PAIRS]
            alike = np.bitwise_count(whole[i] ^ shown[1][j]).sum(axis=1) <= MOST_BITS
            yield np.stack([i[alike] + top, j[alike]], axis=1)


def _confirmed(
    table: npt.NDArray[np.uint8], found: Sequence[npt.NDArray[np.intp]], view: View, least: float
) -> npt.NDArray[np.intp]:
    """Of pairs whose hashes agree those whose middles correlate by `least`, each as one number: i * N + j, i < j."""
    pairs = np.concatenate(found)
    first, second = pairs[_correlation(table, pairs, view) >= least].T
    return np.asarray(np.minimum(first, second) * len(table) + np.maximum(first, second), np.intp)


def _correlation(table: npt.NDArray[np.uint8], pairs: npt.NDArray[np.intp], view: View) -> Floats:
    """Pearson's correlation (n,) of the centre of the first of each pair with that of what is shown of the second.

    0 where one of them is even, which is like no other.
    """
    first, second = (
        _centres(table, positions, shown) for positions, shown in zip(pairs.T, (SYMMETRIES[0], view), strict=True)
    )
    answer: Floats = np.einsum("ij,ij->i", first, second)
    return answer


def _centres(table: npt.NDArray[np.uint8], positions: npt.NDArray[np.intp], view: View) -> Floats:
    """What is shown in the middle (n, 256) of the pictures at these positions (n), of mean 0 and length 1."""
    distinct, inverse = np.unique(positions, return_inverse=True)
    centres = view.centres(table[distinct].astype(np.float32))
    centres -= centres.mean(1, keepdims=True)
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.asarray(centres / np.where(lengths > 1e-3, lengths, np.inf), np.float32)
    return centres[inverse]


@cache
def _resampling(start: float, end: float) -> npt.NDArray[np.float64]:
    """The matrix (32, 48) that resizes the part of a row from `start` to `end`, shares of it, to 32 values."""
    edges = _KEPT * (start + (end - start) * np.arange(_GREY + 1) / _GREY)
    pixels = np.arange(_KEPT)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.clip(shared, 0, None) / (edges[1:] - edges[:-1])[:, None])


def joined(groups: Sequence[str], pairs: npt.NDArray[np.intp]) -> tuple[str, ...]:
    """The groups (N) after every pair (n, 2) of positions was put into one; the first name of those joined stays."""
    names, numbers = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    ends = numbers[pairs].reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names)))
    _, parts = connected_components(graph, directed=False)
    _, first = np.unique(parts, return_index=True)  # names are sorted, so this is the first name of each part
    return tuple(names[first[parts[numbers]]].tolist())
