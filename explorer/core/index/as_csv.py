"""An index as CSV files, for a spreadsheet or R."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.muted_alone import changes_of
from explorer.core.index.schema import ANSWERS
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import cannot_write, create_file, new_folder
from trainer.files.written_tables import write_rows

PICTURES, FILTERS = "pictures.csv", "filters.csv"


def write_csv(index: FolderIndex, folder: Path | str, on_step: OnStep = no_step) -> Path:
    """Write all columns of an index into a new folder, whole or not at all.

    `pictures.csv` and `filters.csv` have one row each; `7-peak.csv` what each filter of layer 7 (columns 7:0, 7:1 ...)
    answered on each picture (rows), and so for every layer and every answer of `schema.ANSWERS`. What is no number, or
    was not measured (what muting a filter does), is empty. UserError where the folder holds anything or cannot be
    written.
    """
    folder = Path(folder)
    try:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise UserError(f"{folder} is there and not empty; name a new folder for the CSV files.")
        with new_folder(folder) as new:
            create_file(new / PICTURES, write_rows(_pictures(index)))
            create_file(new / FILTERS, write_rows(_filters(index)))
            layers = range(len(index.contents.network.filters))
            files = [(layer, answer) for layer in layers for answer in ANSWERS]
            for done, (layer, answer) in enumerate(files):
                on_step(done, len(files))
                create_file(new / f"{layer}-{answer}.csv", write_rows(_answers(index, layer, answer)))
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def _pictures(index: FolderIndex) -> Iterator[list[object]]:
    classes = index.classes or tuple(map(str, range(index.logits.shape[1])))
    shown = [f"logit {name}" for name in classes[: index.logits.shape[1]]]
    yield ["picture", "given", "trained_on", "sha256", *shown, *(f"probability {name}" for name in classes)]
    records = zip(index.pictures, index.given, index.trained_on, index.digests, strict=True)
    probabilities = index.probabilities
    if probabilities.shape[1] == 1 and len(classes) == 2:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    for row, (name, given, trained_on, digest) in enumerate(records):
        numbers = (*index.logits[row].tolist(), *probabilities[row].tolist())
        yield [name, given, int(trained_on), digest, *map(_number, numbers)]


def _filters(index: FolderIndex) -> Iterator[list[object]]:
    rows = index.filters()
    names = rows.dtype.names or ()
    yield ["layer_name", *names, "margin_change", "margin_change_abs"]
    for row, *alone in zip(rows, *changes_of(index), strict=True):
        cells = [row[name].item() for name in names]
        layer = index.contents.network.layers[int(row["layer"])]
        yield [
            layer,
            *(_number(cell) if isinstance(cell, float) else int(cell) for cell in cells),
            *map(_number, alone),
        ]


def _answers(index: FolderIndex, layer: int, answer: str) -> Iterator[list[object]]:
    values = index.layer_answers(layer, answer)
    yield ["picture", *(f"{layer}:{number}" for number in range(len(values)))]
    for name, row in zip(index.pictures, values.T, strict=True):
        yield [name, *map(_number, row.tolist())]


def _number(value: float) -> str:
    """Seven digits, as many as single precision has; nothing for what is no number."""
    return f"{value:.7g}" if np.isfinite(value) else ""
