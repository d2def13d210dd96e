"""What a person says about a picture's artifacts, against what was found: "no hair here"."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from trainer.concepts.words import ARTIFACTS
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.file_locks import turn
from trainer.files.written_tables import read_rows, write_rows
from trainer.pictures.name_matching import Names, PictureNames, key_of

Floats = npt.NDArray[np.float32]

SAID = {"1": True, "0": False, "": None}


@dataclass(frozen=True)
class Corrections:
    """What a person said: picture name to artifact to whether it is there; immutable.

    A picture is named as the index names it (its path within the folder); `for_pictures` finds those of a file that
    names them otherwise.
    """

    said: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)

    def of(self, image: str, artifact: str) -> bool | None:
        """Whether the artifact is in the picture; None where nobody said."""
        return self.said.get(image, {}).get(artifact)

    def with_said(self, image: str, artifact: str, there: bool | None) -> "Corrections":
        """The same with one more statement; None takes one back. UserError for a word that is no artifact."""
        if artifact not in ARTIFACTS:
            raise UserError(f'No artifact is called "{artifact}"; there are {", ".join(ARTIFACTS)}.')
        row = {name: value for name, value in self.said.get(image, {}).items() if name != artifact}
        if there is not None:
            row[artifact] = there
        others = {name: values for name, values in self.said.items() if name != image}
        return Corrections({**others, image: row} if row else others)

    def corrected(self, image: str, maps: Mapping[str, Floats]) -> dict[str, Floats]:
        """The maps of a picture without the artifacts that a person did not see in it: those are 0 everywhere."""
        return {
            name: np.zeros_like(map) if self.of(image, name) is False else np.asarray(map) for name, map in maps.items()
        }

    def for_pictures(self, names: Iterable[str]) -> tuple["Corrections", tuple[str, ...]]:
        """The same under the `names` by which an index calls the pictures, and what names none of these, as it stands.

        A picture that is not named just so is found as in a table of classes: by the end of its path or its file
        name, with or without its ending. A name that several pictures have names none of them.
        """
        names = tuple(names)
        exact = {name for name in names if name in self.said}
        others = {key_of(image): image for image in self.said if image not in exact}
        if not others:
            return self, ()
        table = Names(others, PictureNames(Path(name) for name in names if name not in exact))
        named: dict[str, list[str]] = {}
        for name in names:
            image = others.get(table.key(Path(name))) if name not in exact else None
            if image is not None:
                named.setdefault(image, []).append(name)
        single = {image: matches[0] for image, matches in named.items() if len(matches) == 1}
        unused = tuple(image for image in self.said if image not in exact and image not in single)
        return Corrections({single.get(image, image): row for image, row in self.said.items()}), unused

    def __iter__(self) -> Iterator[tuple[str, str, bool]]:
        """(picture, artifact, whether it is there) of every statement."""
        for image, row in self.said.items():
            for artifact, present in row.items():
                yield image, artifact, present


def read_corrections(path: Path | str) -> Corrections:
    """The corrections in a CSV; none where there is no such file.

    Its columns are `image` and any of `ARTIFACTS`, its values 1 (there), 0 (not there) or empty (nobody said).
    UserError, with file and line, where it is anything else.
    """
    path = Path(path)
    try:
        rows = list(read_rows(path.read_text("utf-8-sig")))
    except FileNotFoundError:
        return Corrections()
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"The corrections {path} cannot be read: {error}.") from error
    if not rows or not rows[0][1] or rows[0][1][0] != "image":
        raise UserError(f"The corrections {path} need a header that begins with image, then {', '.join(ARTIFACTS)}.")
    header = rows[0][1]
    unknown = [title for title in header[1:] if title not in ARTIFACTS]
    if unknown or len(set(header)) < len(header):
        raise UserError(f"The corrections {path} have a column {(unknown or header)[0]!r}; known are {_known()}, once.")
    said: dict[str, dict[str, bool]] = {}
    for line, cells in rows[1:]:
        if not any(cells):
            continue
        if len(cells) != len(header) or not cells[0] or any(cell.strip() not in SAID for cell in cells[1:]):
            raise UserError(f"The corrections {path}, line {line}: a picture and 1, 0 or nothing for each column.")
        row = said.setdefault(cells[0], {})
        for title, cell in zip(header[1:], cells[1:], strict=True):
            present = SAID[cell.strip()]
            if present is not None:
                row[title] = present
    return Corrections({image: row for image, row in said.items() if row})


def write_corrections(path: Path | str, corrections: Corrections) -> None:
    """Write the CSV that `read_corrections` reads, whole or not at all; UserError where it cannot be written."""
    path = Path(path)
    words = {True: "1", False: "0", None: ""}
    rows = [(image, *(words[corrections.of(image, name)] for name in ARTIFACTS)) for image in sorted(corrections.said)]
    try:
        replace_file(path, write_rows([("image", *ARTIFACTS), *rows]))
    except OSError as error:
        raise cannot_write(path, error) from error


def change_corrections(
    path: Path | str, change: Callable[[Corrections], Corrections], *, anew: bool = False
) -> Corrections:
    """Lay a change over what the file says at that moment, with `anew` over nothing; all that it says then.

    UserError as for reading and writing; then it is unchanged.
    """
    path = Path(path)
    try:
        with turn(path):
            corrections = change(Corrections() if anew else read_corrections(path))
            write_corrections(path, corrections)
            return corrections
    except OSError as error:
        raise cannot_write(path, error) from error


def _known() -> str:
    return ", ".join(("image", *ARTIFACTS))
