"""Pictures that are nearly the same file again: saved anew, resized, recoloured, moved by a few pixels.

A perceptual hash finds candidates, the centre of the picture confirms them. The hash is the signs of the low
frequencies of the grey picture's cosine transform (C. Zauner, Implementation and Benchmarking of Perceptual Image
Hash Functions, 2010, section 3.2, with 255 instead of 64 bits and zero instead of the median).

Limits and what was measured are in docs/cohort.md. Another view of one lesion is no near-duplicate: only lesion and
patient numbers can join those.
"""

import base64
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trainer.files.progress import OnStep, no_step

_GREY, _FREQUENCIES, _CENTRE = 32, 16, slice(8, 24)
SIGNATURE_BYTES = 32 + 16 * 16

# Measured on the 10,552 pictures of an ISIC selection whose `group` joins near-duplicates and views of one lesion.
# 36 of 255 bits and a correlation of 0.9 find 72 pairs; 53 are in one group, the other 19 are near-duplicates too, by
# eye. At 40 bits the first wrong pairs come in (small round naevi on plain skin); without the second condition a third
# of the pairs is wrong at 36 bits, because a round black edge around the picture decides most bits.
MOST_BITS = 36
LEAST_CORRELATION = 0.9

_ROWS, _COLUMNS, _PAIRS = 512, 16384, 16384
"""Pictures, and pairs of pictures, that are compared at a time: some 50 MB, whatever the number of pictures."""


def signature(rgb: npt.NDArray[np.uint8]) -> bytes:
    """What is kept of a picture (H, W, 3) uint8 to compare it: 256 signs and its grey centre, 16 x 16."""
    grey = np.asarray(Image.fromarray(rgb).convert("L").resize((_GREY, _GREY), Image.Resampling.BOX))
    low = dctn(grey.astype(np.float32), norm="ortho")[:_FREQUENCIES, :_FREQUENCIES].ravel()
    return np.packbits(low > 0).tobytes() + np.ascontiguousarray(grey[_CENTRE, _CENTRE]).tobytes()


def written(signature: bytes) -> str:
    """A signature as text."""
    return base64.b85encode(signature).decode()


def read_signature(text: str) -> bytes:
    """The signature that `written` wrote; ValueError where it is none."""
    found = base64.b85decode(text)
    if len(found) != SIGNATURE_BYTES:
        raise ValueError("a signature of another length")
    return found


def _correlation(centres: npt.NDArray[np.uint8], pairs: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Pearson's correlation (n,) of the centres of each pair; 0 where one of them is even, which is like no other."""
    both = centres[pairs].astype(np.float32)
    both -= both.mean(2, keepdims=True)
    both /= np.maximum(np.linalg.norm(both, axis=2, keepdims=True), 1e-6)
    answer: npt.NDArray[np.float32] = np.einsum("ij,ij->i", both[:, 0], both[:, 1])
    return answer


def near_duplicates(signatures: Sequence[bytes], on_step: OnStep = no_step) -> npt.NDArray[np.intp]:
    """Pairs (n, 2) of positions i < j whose signatures say that they are nearly the same picture.

    Every picture is compared with every other one, 512 by 16,384 at a time.
    """
    count = len(signatures)
    table = np.frombuffer(b"".join(signatures), np.uint8).reshape(count, SIGNATURE_BYTES)
    signs = np.unpackbits(table[:, :32], axis=1)[:, 1:].view(np.int8) * 2 - 1  # the mean says nothing
    bits = signs.shape[1]
    found = [np.empty((0, 2), np.intp)]
    for top in range(0, count, _ROWS):
        rows = signs[top : top + _ROWS].astype(np.float32)
        for left in range(top, count, _COLUMNS):
            agreement = rows @ signs[left : left + _COLUMNS].astype(np.float32).T
            first, second = np.nonzero(agreement >= bits - 2 * MOST_BITS)
            first, second = first + top, second + left
            first, second = first[later := first < second], second[later]
            for some in range(0, len(first), _PAIRS):
                pairs = np.stack([first[some : some + _PAIRS], second[some : some + _PAIRS]], axis=1)
                found.append(pairs[_correlation(table[:, 32:], pairs) >= LEAST_CORRELATION])
        on_step(min(top + _ROWS, count), count)
    return np.concatenate(found)


def joined(groups: Sequence[str], pairs: npt.NDArray[np.intp]) -> tuple[str, ...]:
    """The groups (N) after every pair (n, 2) of positions was put into one; the first name of those joined stays."""
    names, numbers = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    ends = numbers[pairs].reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names)))
    _, parts = connected_components(graph, directed=False)
    _, first = np.unique(parts, return_index=True)  # names are sorted, so this is the first name of each part
    return tuple(names[first[parts[numbers]]].tolist())
