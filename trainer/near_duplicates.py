"""Pictures that are nearly the same file again: saved anew, resized, recoloured, moved by a few pixels.

A perceptual hash finds candidates, the centre of the picture confirms them. The hash is the signs of the low
frequencies of the grey picture's cosine transform (C. Zauner, Implementation and Benchmarking of Perceptual Image
Hash Functions, 2010, section 3.2, with 255 instead of 64 bits and zero instead of the median).

Limits and what was measured are in docs/cohort.md. Another view of one lesion is no near-duplicate: only lesion and
patient numbers can join those.
"""

import base64
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_GREY, _FREQUENCIES, _CENTRE = 32, 16, slice(8, 24)
SIGNATURE_BYTES = 32 + 16 * 16

# Measured on the 10,552 pictures of an ISIC selection whose `group` joins near-duplicates and views of one lesion.
# 36 of 255 bits and a correlation of 0.9 find 72 pairs; 53 are in one group, the other 19 are near-duplicates too, by
# eye. At 40 bits the first wrong pairs come in (small round naevi on plain skin); without the second condition a third
# of the pairs is wrong at 36 bits, because a round black edge around the picture decides most bits.
MOST_BITS = 36
LEAST_CORRELATION = 0.9

_ROWS, _COLUMNS = 512, 16384
"""Pictures that are compared at a time: 32 MB, whatever the number of pictures."""


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


def near_duplicates(
    signatures: Sequence[bytes], on_step: Callable[[int, int], None] = lambda done, total: None
) -> npt.NDArray[np.intp]:
    """Pairs (n, 2) of positions i < j whose signatures say that they are nearly the same picture.

    Every picture is compared with every other one, 512 by 16,384 at a time.
    """
    count = len(signatures)
    table = np.frombuffer(b"".join(signatures), np.uint8).reshape(count, SIGNATURE_BYTES)
    signs = np.unpackbits(table[:, :32], axis=1)[:, 1:].astype(np.float32) * 2 - 1  # the mean says nothing
    bits = signs.shape[1]
    centres = table[:, 32:].astype(np.float32)
    centres -= centres.mean(1, keepdims=True)
    length = np.linalg.norm(centres, axis=1, keepdims=True)
    centres /= np.maximum(length, 1e-6)  # an even picture is like no other: its correlation becomes 0
    found = [np.empty((0, 2), np.intp)]
    for top in range(0, count, _ROWS):
        rows = signs[top : top + _ROWS]
        for left in range(top, count, _COLUMNS):
            agreement = rows @ signs[left : left + _COLUMNS].T
            first, second = np.nonzero(agreement >= bits - 2 * MOST_BITS)
            first, second = first + top, second + left
            first, second = first[later := first < second], second[later]
            alike = np.einsum("ij,ij->i", centres[first], centres[second]) >= LEAST_CORRELATION
            found.append(np.stack([first[alike], second[alike]], axis=1))
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
