"""Packs real pictures with their classes into one file that a machine without any data can be given.

`python -m tests.gpu.pack --images DIR --metadata HAM10000_metadata.csv --out local/pictures.npz`. JPEG at the highest
quality at which they fit, without any other change. Keep the file out of what is published: the pictures have a licence
of their own.
"""

import argparse
import csv
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

MALIGNANT = ("mel", "bcc", "akiec")
QUALITIES = (95, 90, 85, 80, 75, 70)


def main() -> int:
    """Pack; 0 where something was written."""
    top = argparse.ArgumentParser(prog="python -m tests.gpu.pack", description=__doc__)
    top.add_argument("--images", type=Path, required=True, metavar="DIR")
    top.add_argument("--metadata", type=Path, required=True, metavar="CSV", help="image_id, lesion_id and dx")
    top.add_argument("--out", type=Path, default=Path("local/pictures.npz"), metavar="FILE")
    top.add_argument("--most", type=float, default=40.0, metavar="MB", help="largest size of the file (40)")
    arguments = top.parse_args()
    with arguments.metadata.open(newline="", encoding="utf-8") as file:
        rows = {row["image_id"]: row for row in csv.DictReader(file)}
    paths = sorted(path for path in arguments.images.glob("*.jpg") if path.stem in rows)
    if not paths:
        print("no picture of the folder stands in the table", file=sys.stderr)
        return 1
    room = int(arguments.most * 1_000_000) - 400 * len(paths) - 10_000
    for quality in QUALITIES:
        packed = encoded(paths, quality, room)
        if packed:
            break
    else:  # at the lowest quality, as many as there is room for, drawn evenly
        packed, total = [], 0
        for path in sorted(paths, key=lambda path: hashlib.sha256(path.stem.encode()).digest()):
            content = jpeg(path, quality)
            total += len(content)
            if total > room:
                break
            packed.append((path.stem, content))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write(arguments.out, packed, rows, quality)
    size = arguments.out.stat().st_size / 1e6
    malignant = sum(rows[name]["dx"] in MALIGNANT for name, _ in packed)
    count = f"{len(packed)} of {len(paths)} pictures, {malignant} malignant"
    print(f"{arguments.out}: {count}, quality {quality}, {size:.1f} MB")
    return 0


def encoded(paths: list[Path], quality: int, room: int) -> list[tuple[str, bytes]]:
    """All pictures at this quality; nothing where there is no room for them."""
    found, total = [], 0
    for path in paths:
        content = jpeg(path, quality)
        total += len(content)
        if total > room:
            return []
        found.append((path.stem, content))
    return found


def jpeg(path: Path, quality: int) -> bytes:
    """A picture as JPEG."""
    held = io.BytesIO()
    with Image.open(path, formats=["JPEG"]) as picture:
        picture.convert("RGB").save(held, "JPEG", quality=quality, optimize=True)
    return held.getvalue()


def write(path: Path, packed: list[tuple[str, bytes]], rows: dict[str, dict[str, str]], quality: int) -> None:
    """The file: pictures in one piece, where each begins, names, lesions, classes."""
    lengths = [len(content) for _, content in packed]
    np.savez(
        path,
        bytes=np.frombuffer(b"".join(content for _, content in packed), np.uint8),
        starts=np.cumsum([0, *lengths]),
        names=np.array([name for name, _ in packed]),
        lesions=np.array([rows[name]["lesion_id"] for name, _ in packed]),
        malignant=np.array([rows[name]["dx"] in MALIGNANT for name, _ in packed]),
        quality=np.array(quality),
    )


if __name__ == "__main__":
    sys.exit(main())
