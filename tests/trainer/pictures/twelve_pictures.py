"""A small table of twelve pictures, with columns that a test gives."""

from collections.abc import Sequence
from pathlib import Path

from trainer.cohort.cases import Reading, read_cases

PICTURES = tuple(f"a{number:02}.jpg" for number in range(12))
WORDS = ("nv", "mel") * 6


def read(folder: Path, header: str, *columns: Sequence[object]) -> Reading:
    (folder / "p").mkdir(exist_ok=True)
    for name in PICTURES:
        (folder / "p" / name).touch()
    rows = zip(PICTURES, WORDS, *columns, strict=True)
    (folder / "l.csv").write_text("\n".join([f"image,label,{header}", *(",".join(map(str, row)) for row in rows)]))
    return read_cases(folder / "p", folder / "l.csv")
