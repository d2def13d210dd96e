"""The file of an index: the columns of all its pictures, the answers joined from the parts beside it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from explorer.core.index import version_1
from explorer.core.index.hdf5_subprocess import parts_in
from explorer.core.index.schema import ANSWERS, BINS, FILTERS, FORMAT, VERSION, Contents, NetworkFacts, Pictures
from explorer.core.index.sealed_file import Damaged, write_sealed

TEXT = h5py.string_dtype()


@dataclass(frozen=True)
class Piece:
    """Columns `start` to `stop` of the `width` of the part at `path`, relative to the index's own folder."""

    path: str
    start: int
    stop: int
    width: int


def write_joined(
    path: Path,
    contents: Contents,
    pieces: Sequence[Piece],
    logits: int,
    embedding: int,
    more: Callable[[h5py.File], None],
) -> None:
    """Write the file that joins pieces of parts in this order; UserError where the disk refuses.

    `logits` and `embedding` are the numbers of values that each picture has of them; `more` adds what else is kept.
    """
    filters, pictures = len(contents.filters), len(contents.pictures.names)

    def join(file: h5py.File) -> None:
        for name, (kind, _) in ANSWERS.items():
            _virtual(file, f"answers/{name}", name, (filters, pictures), kind, pieces, across=True)
        _virtual(file, "answers/place", "place", (filters, pictures, 2), "uint16", pieces, across=True)
        for name, values in (("logits", logits), ("embedding", embedding)):
            if values:
                _virtual(file, name, name, (pictures, values), "float32", pieces, across=False)
            else:
                file.create_dataset(name, (pictures, 0), "float32")
        file.attrs["parts"] = json.dumps(sorted({piece.path for piece in pieces}))
        more(file)

    write_sealed(path, lambda file: _fill(file, contents, join))


def _virtual(
    file: h5py.File, name: str, source: str, shape: tuple[int, ...], kind: str, pieces: Sequence[Piece], *, across: bool
) -> None:
    """A dataset whose pictures lie in the pieces: in its second dimension where they go `across`, else in its first."""
    joined, offset = h5py.VirtualLayout(shape, kind), 0
    for piece in pieces:
        source_shape = (shape[0], piece.width, *shape[2:]) if across else (piece.width, *shape[1:])
        span = slice(offset, offset + piece.stop - piece.start)
        from_part = h5py.VirtualSource(piece.path, source, source_shape, kind)
        if across:
            joined[:, span] = from_part[:, piece.start : piece.stop]
        else:
            joined[span] = from_part[piece.start : piece.stop]
        offset = span.stop
    file.create_virtual_dataset(name, joined)


def _fill(file: h5py.File, contents: Contents, columns: Callable[[h5py.File], None]) -> None:
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    file.attrs["network"] = json.dumps(asdict(contents.network))
    file.attrs["asked"], file.attrs["sample"] = contents.asked, contents.sample
    file.attrs["facts"] = json.dumps(dict(contents.facts))
    pictures = contents.pictures
    texts = {"name": pictures.names, "digest": pictures.digests, "class": pictures.given}
    for name, words in (texts | ({"lesion": pictures.lesions} if pictures.lesions else {})).items():
        file.create_dataset(f"pictures/{name}", data=np.array(words, dtype=object), dtype=TEXT)
    file.create_dataset("pictures/size", data=pictures.sizes)
    file.create_dataset("pictures/trained_on", data=pictures.trained_on)
    file.create_dataset("filters", data=contents.filters)
    file.create_dataset("histogram/counts", data=contents.counts)
    file.create_dataset("histogram/edges", data=contents.edges)
    columns(file)


def read_contents(file: h5py.File) -> Contents:
    """All of an index of this version or of version 1 but its answers; Damaged where something is missing."""
    try:
        if file.attrs["format"] != FORMAT:
            raise KeyError("format")
        old = version_1.is_of(file)
        if not old and file.attrs["version"] != VERSION:
            raise Damaged("The index is of another version of this program; make it again.")
        network = json.loads(file.attrs["network"])
        lists = {name: tuple(value) for name, value in network.items() if isinstance(value, list)}
        pictures = file["pictures"]
        names, digests, given = (_words(pictures[name]) for name in ("name", "digest", "class"))
        lesions = _words(pictures["lesion"]) if "lesion" in pictures else ()
        contents = Contents(
            network=NetworkFacts(**(network | lists)),
            pictures=Pictures(names, digests, pictures["size"][()], given, pictures["trained_on"][()], lesions),
            filters=version_1.as_today(file["filters"][()]) if old else file["filters"][()],
            counts=file["histogram/counts"][()],
            edges=file["histogram/edges"][()],
            asked=int(file.attrs["asked"]),
            sample=int(file.attrs["sample"]),
            facts=json.loads(file.attrs["facts"]),
        )
        _check(contents, file, version_1.STORED if old else tuple(ANSWERS))
        return contents
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"The index lacks {error}; make it again.") from error


def _check(contents: Contents, file: h5py.File, answers: Sequence[str]) -> None:
    """ValueError where the columns do not fit each other, `answers` among them: what reads them counts on it."""
    filters, pictures = sum(contents.network.filters), len(contents.pictures.names)
    columns, network = contents.pictures, contents.network
    shapes = {name: (filters, pictures) for name in answers} | {"place": (filters, pictures, 2)}
    fits = (
        contents.filters.dtype == FILTERS
        and contents.filters.shape == (filters,)
        and all(count > 0 for count in network.filters)
        and len(network.layers) == len(network.filters)
        and all(isinstance(word, str) for word in (*network.layers, *network.classes, network.identity, network.name))
        and (contents.filters["layer"] == np.repeat(np.arange(len(network.filters)), network.filters)).all()
        and len(columns.digests) == len(columns.given) == pictures
        and len(columns.lesions) in (0, pictures)
        and (columns.sizes.shape, columns.trained_on.shape) == ((pictures, 2), (pictures,))
        and (contents.counts.shape, contents.edges.shape) == ((filters, BINS), (filters, BINS + 1))
        and all(file[f"answers/{name}"].shape == shape for name, shape in shapes.items())
        and all(file[name].shape[0] == pictures for name in ("logits", "embedding"))
        and isinstance(contents.facts, dict)
    )
    if not fits:
        raise ValueError("columns that fit each other")


def parts_of(path: Path, file: h5py.File) -> tuple[Path, ...]:
    """The parts that an open index joins; none where it holds everything itself."""
    try:
        return tuple(path.parent / part for part in parts_in(file.attrs["parts"]))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise Damaged(f"{path.name} does not say of which parts it is made; make the index again.") from error


def _words(column: h5py.Dataset) -> tuple[str, ...]:
    return tuple(column.asstr()[()])
