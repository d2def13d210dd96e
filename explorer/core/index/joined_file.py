"""The file of an index: the columns of all its pictures, the answers joined from the parts beside it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.schema import ANSWERS, FORMAT, VERSION, Contents, NetworkFacts, Pictures
from explorer.core.index.sealed_file import Damaged, write_sealed

TEXT = h5py.string_dtype()


def write_joined(path: Path, contents: Contents, parts: Sequence[tuple[str, int]]) -> None:
    """Write the file that joins parts, each (path from this file's folder, pictures), in this order; UserError."""

    def join(file: h5py.File) -> None:
        filters, pictures = len(contents.filters), len(contents.pictures.names)
        for name, (kind, _) in (*ANSWERS.items(), ("place", ("uint16", ""))):
            shape = (filters, pictures, 2) if name == "place" else (filters, pictures)
            joined, start = h5py.VirtualLayout(shape, kind), 0
            for part, count in parts:
                source = h5py.VirtualSource(part, name, (filters, count, *shape[2:]), kind)
                joined[:, start : start + count] = source
                start += count
            file.create_virtual_dataset(f"answers/{name}", joined, fillvalue=0 if name == "place" else np.nan)

    write_sealed(path, lambda file: _fill(file, contents, join))


def write_alone(path: Path, contents: Contents, answers: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an index that holds its answers (F, N), and "place" (F, N, 2), itself; UserError."""

    def hold(file: h5py.File) -> None:
        for name, values in answers.items():
            kind = ANSWERS[name][0] if name in ANSWERS else "uint16"
            file.create_dataset(f"answers/{name}", data=values.astype(kind))

    write_sealed(path, lambda file: _fill(file, contents, hold))


def _fill(file: h5py.File, contents: Contents, answers: Any) -> None:
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["network"] = json.dumps(asdict(contents.network))
    file.attrs["asked"], file.attrs["sample"] = contents.asked, contents.sample
    file.attrs["facts"] = json.dumps(dict(contents.facts))
    pictures = contents.pictures
    for name, words in (("name", pictures.names), ("digest", pictures.digests), ("class", pictures.given)):
        file.create_dataset(f"pictures/{name}", data=np.array(words, dtype=object), dtype=TEXT)
    file.create_dataset("pictures/size", data=pictures.sizes)
    file.create_dataset("pictures/trained_on", data=pictures.trained_on)
    file.create_dataset("logits", data=contents.logits)
    file.create_dataset("embedding", data=contents.embedding)
    file.create_dataset("filters", data=contents.filters)
    file.create_dataset("histogram/counts", data=contents.counts)
    file.create_dataset("histogram/edges", data=contents.edges)
    answers(file)


def read_contents(file: h5py.File) -> Contents:
    """All of an index but its answers; Damaged where something is missing."""
    try:
        if file.attrs["format"] != FORMAT:
            raise KeyError("format")
        if file.attrs["version"] != VERSION:
            raise Damaged("The index is of another version of this program; make it again.")
        told = json.loads(file.attrs["network"])
        lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        pictures = file["pictures"]
        names, digests, given = (_words(pictures[name]) for name in ("name", "digest", "class"))
        return Contents(
            network=NetworkFacts(**(told | lists)),
            pictures=Pictures(names, digests, pictures["size"][()], given, pictures["trained_on"][()]),
            logits=file["logits"][()],
            embedding=file["embedding"][()],
            filters=file["filters"][()],
            counts=file["histogram/counts"][()],
            edges=file["histogram/edges"][()],
            asked=int(file.attrs["asked"]),
            sample=int(file.attrs["sample"]),
            facts=json.loads(file.attrs["facts"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Damaged(f"The index lacks {error}; make it again.") from error


def _words(column: h5py.Dataset) -> tuple[str, ...]:
    return tuple(column.asstr()[()])
