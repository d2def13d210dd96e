"""Files that hold pictures in a way that is not read: what they are, and what to do about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.pictures.file_names import ENDINGS, one_line

ARCHIVE = "archive"
"""The one kind that may hold anything, so that it is no picture that was left out."""

_KINDS = {
    "DICOM": ("dcm", "dicom"),
    "HEIC": ("heic", "heif", "hif"),
    "AVIF": ("avif", "avifs"),
    "GIF": ("gif",),
    "JPEG 2000": ("jp2", "j2k", "jpx", "jpf", "j2c", "jpc"),
    "JPEG XL": ("jxl",),
    "JPEG XR": ("jxr", "wdp", "hdp"),
    "MPO": ("mpo",),
    "animated PNG": ("apng",),
    "PPM": ("ppm", "pgm", "pbm", "pnm", "pam", "pfm"),
    "TGA": ("tga",),
    "DIB": ("dib",),
    "PCX": ("pcx",),
    "OpenEXR": ("exr",),
    "Photoshop": ("psd", "psb"),
    "camera raw": ("nef", "nrw", "cr2", "cr3", "arw", "dng", "orf", "raf", "rw2", "pef", "srw"),
    "whole-slide": ("svs", "ndpi", "mrxs", "scn", "czi"),
    ARCHIVE: ("zip", "tar", "gz", "tgz", "7z", "rar"),
}
_WAYS_OUT = {
    "DICOM": "export them as PNG or JPEG first (a DICOM viewer does, or dcmj2pnm of DCMTK)",
    "HEIC": "save them as JPEG first (a photo program does, or heif-convert of libheif)",
    ARCHIVE: "unpack them first",
}
_BY_ENDING = {ending: kind for kind, endings in _KINDS.items() for ending in endings}


PICTURE_ENDINGS = ENDINGS | {ending for kind, endings in _KINDS.items() if kind != ARCHIVE for ending in endings}
"""The endings of pictures, of those that are not read, too: a table may still name them so when they are saved anew."""


def kind_of(name: str) -> str:
    """What kind of foreign file this is by its ending, "" where it is none that is known."""
    return _BY_ENDING.get(name.rpartition(".")[2].casefold(), "") if "." in name else ""


def is_dicom(file: Path) -> bool:
    """Whether a file begins as DICOM does, whatever its name."""
    try:
        if not file.is_file():  # opening a named pipe would wait for ever
            return False
        with file.open("rb") as content:
            return content.read(132)[128:] == b"DICM"
    except OSError:
        return False


def about(files: Mapping[str, Sequence[Path]]) -> list[str]:
    """A clause for each kind of file: how many, which is the first, and what to do."""
    return [
        f"{len(paths):,} {kind} file{'s' * (len(paths) > 1)} ({one_line(paths[0].name)}{' first' * (len(paths) > 1)}); "
        f"{_WAYS_OUT.get(kind, 'save them as PNG or JPEG first')}"
        for kind, paths in files.items()
    ]
