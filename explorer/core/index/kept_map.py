"""The t-SNE maps of an index, made by a process of its own and kept beside its parts."""

import contextlib
import hashlib
import io
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from explorer.core.index import embedding_map
from explorer.core.index.embedding_map import MOST
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.parts import folder_of
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import replace_file, subfolder
from trainer.files.own_files import remove_own

PICTURES, FILTERS = "pictures", "filters"
MOST_ANSWERS = 1000
"""Pictures on which filters are compared."""
EVERY = 0.1
"""Seconds between two looks at the process."""
BLOCK = 1 << 20
"""Bytes that are handed to it between two looks."""


@dataclass(frozen=True)
class PlacedPoints:
    """Where pictures (in the order of the index) or filters (in that of its rows) lie: `places` (N, 2), NaN for none.

    `said` is what there is to say about it, a sentence or "".
    """

    places: npt.NDArray[np.float32]
    said: str


def placed_pictures(index: FolderIndex, *, on_step: OnStep = no_step) -> PlacedPoints:
    """The pictures by the input of the last linear layer; UserError where the network has none."""
    if not index.hidden.width:
        raise UserError("This network has no last hidden layer, by which pictures could be laid out.")
    places = _made(index, PICTURES, index.embedding, on_step)
    return PlacedPoints(places, _said(places, "pictures"))


def placed_filters(index: FolderIndex, *, on_step: OnStep = no_step) -> PlacedPoints:
    """The filters of all layers by their peaks over pictures: near are those that answer alike (1 - r)."""
    rows = embedding_map.drawn(len(index.pictures), MOST_ANSWERS)
    answers = []
    for layer in range(len(index.contents.network.layers)):
        on_step(layer, len(index.contents.network.layers))
        answers.append(index.layer_answers(layer)[:, rows])
    places = _made(index, FILTERS, np.concatenate(answers), on_step)
    sentences = [_said(places, "filters")]
    if len(rows) < len(index.pictures):
        sentences.append(f"Filters are compared on {len(rows):,} of {len(index.pictures):,} pictures.")
    silent = int(np.isnan(places[:, 0]).sum())
    if silent:
        sentences.append(f"{silent:,} {'answers' if silent == 1 else 'answer'} the same everywhere and have no place.")
    return PlacedPoints(places, " ".join(filter(None, sentences)))


def _said(places: npt.NDArray[np.float32], noun: str) -> str:
    count = int(np.isfinite(places[:, 0]).sum())
    if count <= MOST:
        return ""
    return f"t-SNE of {MOST:,} of {count:,} {noun}; the others lie at their nearest among these."


def _made(index: FolderIndex, kind: str, vectors: npt.NDArray[np.float32], on_step: OnStep) -> npt.NDArray[np.float32]:
    """The places that are kept of these very vectors, or else made now and kept."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    digest = hashlib.sha256(f"{kind} {vectors.shape} 1 ".encode())
    digest.update(vectors.data)
    folder = folder_of(index.path)
    path = folder / f"places-{kind}-{digest.hexdigest()[:16]}.npy"
    kept = _read(path, len(vectors))
    if kept is not None:
        return kept
    places = _apart(vectors, "correlation" if kind == FILTERS else "distance", on_step)
    content = io.BytesIO()
    np.save(content, places)
    with contextlib.suppress(OSError):  # a folder that cannot be written costs the time again
        remove_own(subfolder(folder.parent, folder.name).glob(f"places-{kind}-*.npy"))
        replace_file(path, content.getvalue(), follow=False)
    return places


def _read(path: Path, count: int) -> npt.NDArray[np.float32] | None:
    try:
        places = np.load(path, allow_pickle=False)
    except Exception:  # a damaged header may raise anything
        return None
    return places if places.shape == (count, 2) and places.dtype == np.float32 else None


def _apart(vectors: npt.NDArray[np.float32], distance: str, on_step: OnStep) -> npt.NDArray[np.float32]:
    content = io.BytesIO()
    np.save(content, vectors)
    with subprocess.Popen(
        [sys.executable, "-P", str(embedding_map.__file__), distance],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as child:
        try:
            answer, problem = _talk(child, content.getvalue(), on_step)
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        last = problem.decode(errors="replace").strip().rpartition("\n")[2]
        raise UserError(f"The map could not be made ({last or f'the process ended with {child.returncode}'}).")
    return np.asarray(np.load(io.BytesIO(answer), allow_pickle=False), np.float32)


def _talk(child: "subprocess.Popen[bytes]", content: bytes, on_step: OnStep) -> tuple[bytes, bytes]:
    """What the process prints; `on_step` is asked meanwhile whether anybody still wants it."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended, and says why
        for start in range(0, len(content), BLOCK):
            on_step(0, 0)
            child.stdin.write(content[start : start + BLOCK])
        child.stdin.close()
    child.stdin = None  # `communicate` forgets what it has not sent yet when its time is over
    started = time.monotonic()
    while True:
        try:
            return child.communicate(timeout=EVERY)
        except subprocess.TimeoutExpired:
            on_step(int(time.monotonic() - started), 0)
