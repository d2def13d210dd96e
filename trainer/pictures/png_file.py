"""Drawn sheets as PNG files."""

import io
from pathlib import Path

from PIL import Image

from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.errors import UserError


def write_png(path: Path, sheet: Image.Image) -> None:
    """Write a picture, whole or not at all; UserError where its name has another ending, or it cannot be written."""
    check_png(path)
    content = io.BytesIO()
    sheet.save(content, "PNG")
    try:
        replace_file(path, content.getvalue())
    except OSError as error:
        raise cannot_write(path, error) from error


def check_png(path: Path) -> None:
    """UserError for a name that does not end in .png: said before anything is drawn."""
    if path.suffix.lower() != ".png":
        raise UserError(f"{path.name} must end in .png.")
