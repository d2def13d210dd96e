"""Listing a large folder, reading its label table and saving tags, against the least that Python could do there."""

import csv
import os
import tempfile
from pathlib import Path

from explorer.core.images import list_images
from explorer.core.labels import read_labels
from explorer.core.tags import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.bench.row import Row, side_by_side

FOLDERS, EACH, TURNS = 5, 4_000, 7


def measure() -> list[Row]:
    """Seconds for 20,000 files, a table of 20,000 lines, and a book of 240 tags."""
    with tempfile.TemporaryDirectory() as name:
        root, table = Path(name) / "pictures", Path(name) / "labels.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("image", "label"))
            for folder in range(FOLDERS):
                (root / str(folder)).mkdir(parents=True)
                for number in range(EACH):
                    (root / str(folder) / f"img{folder}_{number}.jpg").touch()
                    writer.writerow((f"img{folder}_{number}", "benign" if number % 5 else "malignant"))
        found = list_images(root)
        listing = side_by_side(lambda: list_images(root), lambda: _walk(root), TURNS)
        reading = side_by_side(lambda: read_labels(table, found), lambda: _rows(table, found), TURNS)
        path, book = Path(name) / "tags.h5", _book()
        save_tags(path, book)
        content = path.read_bytes()
        saving = side_by_side(lambda: save_tags(path, book), lambda: _flushed(Path(name) / "plain", content), TURNS * 3)
    return [
        Row("listing 20,000 pictures, to os.walk with sorting", *listing, listing[0] / listing[1], 6),
        Row("a label table of 20,000 lines, to csv.reader and a dict", *reading, reading[0] / reading[1], 8),
        Row("saving 240 tags, to writing as many bytes twice and flushing them", *saving, saving[0] / saving[1], 8),
    ]


def _walk(root: Path) -> list[Path]:
    return sorted(Path(folder) / name for folder, _, names in os.walk(root) for name in names)


def _book() -> TagBook:
    book = TagBook("digest", "net", "scratch_cnn", [("a", 8), ("b", 64), ("c", 64), ("d", 64)])
    for number in range(240):
        book.add(FilterKey(1 + number % 3, number // 3 % 64), f"word {number // 192}", annotator="me")
    return book


def _flushed(path: Path, content: bytes) -> None:
    for name in (path, path.with_suffix(".bak")):
        with name.open("wb") as file:
            file.write(content)
            os.fsync(file.fileno())


def _rows(table: Path, found: tuple[Path, ...]) -> dict[Path, str]:
    with table.open(newline="", encoding="utf-8") as file:
        labels = {row[0]: row[1] for row in csv.reader(file)}
    return {path: labels[path.stem] for path in found}


if __name__ == "__main__":
    for row in measure():
        print(row.what, f"{row.ours:.3f} s, {row.baseline:.3f} s, {row.ratio:.2f}")
