"""The table from numbers to words: resources/suggestions.toml, or a person's own of the same form."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import resources
from explorer.core.alignment.marks import SETS
from explorer.core.errors import UserError
from explorer.core.tags.validation import clean_text, clean_word
from trainer.files.toml_file import read_toml

MEASURED = ("border", "side", "edge", "color")
"""What is measured in a way of its own, beside the concepts of `SETS`."""
ADVICE = "write it like resources/suggestions.toml"


@dataclass(frozen=True)
class Rule:
    """A line of the table: from which effect on a concept is a tag; `probed` NaN where no probe is asked.

    `first` where nothing stronger counts once it holds.
    """

    concept: str
    tag: str
    detail: str
    least: float
    probed: float = float("nan")
    first: bool = False


@dataclass(frozen=True)
class Table:
    """The whole table: `significant` is a false discovery rate; `colors` a direction in (L*, a*, b*) for each word.

    `one_sided` is the concentration of the answer from which on a border has a side,
    `heard` the least share of pictures with one.
    """

    rules: tuple[Rule, ...]
    colors: tuple[tuple[str, tuple[float, float, float]], ...]
    significant: float
    one_sided: float
    heard: float

    def color(self, hue: npt.NDArray[np.floating]) -> str:
        """The word for a place in (L*, a*, b*), in standard deviations from all places."""
        if not self.colors or not np.any(hue):
            return ""
        direction = hue / np.abs(hue).max()  # its length is of no matter, and may be too small to be squared
        near = [float(direction @ np.array(lab) / np.linalg.norm(lab)) for _, lab in self.colors]
        return self.colors[int(np.argmax(near))][0]


def read_table(path: Path | None = None) -> Table:
    """The bundled table, or another; UserError, with what is wrong, where it is not of that form."""
    source = path or Path(resources.__file__).with_name("suggestions.toml")
    content = read_toml(source, ADVICE)
    try:
        return Table(
            tuple(_rule(row) for row in content["rule"]),
            tuple((clean_text(row["detail"], "detail"), _lab(row["lab"])) for row in content.get("color", [])),
            _share(content["significant"], "significant"),
            _share(content["one_sided"], "one_sided"),
            _share(content["heard"], "heard"),
        )
    except KeyError as error:
        raise UserError(f"{source} lacks {error}; {ADVICE}.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{source} is no table of suggestions ({error}); {ADVICE}.") from error
    except UserError as error:
        raise UserError(f"{source}: {error}") from error


def _rule(row: dict[str, Any]) -> Rule:
    concept = row["concept"]
    if concept not in (*MEASURED, *SETS):
        raise ValueError(f'"{concept!s:.40}" is not measured; there are {", ".join((*MEASURED, *SETS))}')
    least = _share(row["least"], "least")
    probed = float(row.get("probed", "nan"))
    if probed <= 0:
        raise ValueError("probed must be above 0")
    first = row.get("first", False) is True
    return Rule(concept, clean_word(row["tag"]), clean_text(row.get("detail", ""), "detail"), least, probed, first)


def _share(value: object, name: str) -> float:
    if not isinstance(value, float | int) or not 0 < value <= 1:
        raise ValueError(f"{name} must be a number above 0 and at most 1")
    return float(value)


def _lab(value: object) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3 or not any(value):
        raise ValueError("lab must be three numbers, not all 0")
    light, red, yellow = map(float, value)
    return light, red, yellow
