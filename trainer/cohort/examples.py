"""What the classes of a cohort look like: example pictures of each class and diagnosis on one sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trainer.cohort.cohort import Cohort
from trainer.files.printing import printable
from trainer.pictures.png_file import check_png, write_png

EACH = 8
_SIDE, _GAP, _LEFT = 112, 6, 190


def examples(cohort: Cohort, each: int = EACH, seed: int = 0) -> list[tuple[str, int, tuple[int, ...]]]:
    """For each class and diagnosis, the most frequent first: its name, its pictures, and up to `each` places of them.

    One picture a lesion, drawn with the seed, so that many pictures of one lesion do not fill the row. Where the cohort
    knows how diagnoses were made, each way has a row of its own.
    """
    random = np.random.default_rng(seed)
    rows: dict[tuple[int, str, str], list[int]] = {}
    ways = cohort.confirmed or ("",) * len(cohort)
    for position, key in enumerate(zip(cohort.labels.tolist(), cohort.diagnoses, ways, strict=True)):
        rows.setdefault(key, []).append(position)
    entries = []
    for (label, diagnosis, way), positions in sorted(rows.items(), key=lambda row: (row[0][0], -len(row[1]), row[0])):
        shuffled = random.permutation(positions).tolist()
        one_a_lesion = list({cohort.lesions[position]: position for position in reversed(shuffled)}.values())
        name = cohort.classes[label]
        title = name if diagnosis in ("", name) else f"{name}: {diagnosis}"
        title += f", {way}" if way else ""
        entries.append((title, len(positions), tuple(sorted(one_a_lesion[:each]))))
    return entries


def write_examples(cohort: Cohort, path: Path, each: int = EACH, seed: int = 0) -> None:
    """Write the sheet as PNG; UserError for another ending, or where it cannot be written."""
    check_png(path)
    rows = examples(cohort, each, seed)
    step = _SIDE + _GAP
    sheet = Image.new("RGB", (_LEFT + each * step + _GAP, len(rows) * step + _GAP), "white")
    drawing = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for row, (name, count, positions) in enumerate(rows):
        top = _GAP + row * step
        drawing.multiline_text((_GAP, top), _wrapped(f"{name}\n{count:,} pictures"), fill="black", font=font)
        for column, rgb in enumerate(cohort.pictures(list(positions))):
            tile = Image.fromarray(rgb).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
            sheet.paste(tile, (_LEFT + column * step, top))
    write_png(path, sheet)


def _wrapped(text: str, width: int = 26) -> str:
    lines: Sequence[str] = [printable(line, 100) for line in text.split("\n")]
    return "\n".join(line[start : start + width] for line in lines for start in range(0, len(line), width))
