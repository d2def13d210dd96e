"""Marks of all pictures: concepts are found once for each, and kept."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.marks import Marks, marks_of
from explorer.core.concepts import concept_maps
from explorer.core.concepts.finder_key import finder_key
from explorer.core.index.folder_pictures import cores
from explorer.core.index.shared_work import SharedWork
from explorer.core.progress import OnStep
from explorer.core.suggestions.picture_cache import Kept, in_halves
from explorer.core.suggestions.pictures import Looked
from trainer.networks.input_spec import InputSpec

VERSION = 1
AT_ONCE = 32
"""Pictures that are written together: so many are looked at again after a kill."""


def mark_all(
    pictures: Sequence[Looked], spec: InputSpec, index: Path, way: str, on_step: OnStep, shared: SharedWork
) -> list[Marks]:
    """The marks of each picture, those found earlier in the same `way` (`marks_way`) among them."""
    kept = Kept(index, "marks", way)
    stored = kept.names()
    missing = shared.mine([picture for picture in pictures if picture.id not in stored])
    shared.wait()
    if shared.first:
        kept.sweep()
    done = len(pictures) - len(missing)
    with ThreadPoolExecutor(cores(), "concepts") as pool:
        for first in range(0, len(missing), AT_ONCE):
            batch = missing[first : first + AT_ONCE]
            records: list[dict[str, npt.NDArray[Any]]] = []
            futures = [pool.submit(_marks, picture, spec) for picture in batch]
            try:
                for future in futures:
                    on_step(done, len(pictures))
                    records.append(_stored(future.result()))
                    done += 1
            finally:
                for future in futures:
                    future.cancel()
            kept.write([picture.id for picture in batch], records)
    on_step(done, len(pictures))
    shared.wait()
    stored_records = kept.records([picture.id for picture in pictures])
    return [_read(stored_records[picture.id]) for picture in pictures]


def _marks(picture: Looked, spec: InputSpec) -> Marks:
    rgb, lesion = picture.seen(spec)
    return marks_of(rgb, picture.corrected(concept_maps(rgb, lesion=lesion)))


def marks_way(spec: InputSpec) -> str:
    """What decides the marks beside the picture: the input's geometry, and how concepts are found at present."""
    text = f"{VERSION} {spec.size} {spec.resize} {spec.resize_to} {finder_key()}"
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(marks: Marks) -> dict[str, npt.NDArray[Any]]:
    return {name: _narrow(np.asarray(getattr(marks, name))) for name in _names()}


def _narrow(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return in_halves(values) if values.dtype == np.float32 else values


def _read(record: dict[str, npt.NDArray[Any]]) -> Marks:
    wide: dict[str, Any] = {
        name: values.astype(np.float32) if values.dtype == np.float16 else values for name, values in record.items()
    }
    return Marks(**(wide | {"whole": bool(wide["whole"])}))


def _names() -> Iterator[str]:
    return (field.name for field in fields(Marks))
