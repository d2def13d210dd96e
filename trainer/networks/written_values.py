"""What a text or an array in a file stands for, however a script wrote it: as JSON, as Python, or with commas."""

import ast
import json
import re
from collections.abc import Sequence

import torch

from trainer.networks.pickle_names import Listed, Unordered

_LONGEST, _LONGEST_PYTHON, _LARGEST = 2**20, 2**16, 1e12
_QUOTED = r"'[^']*'|\"[^\"]*\""


def parsed(value: object) -> object:
    """The values that a text or an array stands for; anything else is itself, a text that says no values too.

    Texts are JSON, Python's spelling of values (`{'nv': 0}`, `(192, 192)`, `torch.Size([192, 192])`), the rows that
    numpy prints, or values with semicolons, with commas or in lines.
    """
    if isinstance(value, Listed):
        return value.items
    if not isinstance(value, str) or len(value) > _LONGEST:
        return value
    text = value.strip()
    for read in (json.loads, _python):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    if text.startswith(("[", "(", "{", "<")):  # a list that was cut short has no names, only pieces
        return value
    parts = [part.strip() for part in re.split(";" if ";" in text else "[,\n]", text)]
    return parts if len(parts) > 1 and all(parts) else value


def _python(text: str) -> object:
    """What a text of Python stands for: plain values, or the first of what a call is given."""
    if len(text) > _LONGEST_PYTHON or "\\" in text:  # Python's parser warns of what follows a backslash
        raise ValueError
    row = text.removeprefix("array(").removesuffix(")")
    if re.fullmatch(rf"\[\s*(?:{_QUOTED})(?:\s+(?:{_QUOTED}))+\s*\]", row):  # Python would join what has no comma
        return [part[1:-1] for part in re.findall(_QUOTED, row)]
    tree = ast.parse(text, mode="eval").body
    if isinstance(tree, ast.Call) and not tree.args:
        return {str(part.arg): ast.literal_eval(part.value) for part in tree.keywords} or text
    value = ast.literal_eval(tree.args[0] if isinstance(tree, ast.Call) else tree)
    return Unordered(value) if isinstance(value, set | frozenset) else value


def size_of(value: object) -> tuple[int, int] | None:
    """(height, width) of one number, of two, or of three with the channels before or behind."""
    value = parsed(value)
    if isinstance(value, str):
        value = re.split(r"\s*[x\u00d7]\s*", value.lower())
    if isinstance(value, list | tuple):
        value = [int(part) if isinstance(part, str) and re.fullmatch("[0-9]{1,4}", part) else part for part in value]
    numbers = value if isinstance(value, list | tuple) else [value, value]
    sides = [int(number) for number in numbers if isinstance(number, int | float) and 0 < number <= 8192]
    if len(sides) != len(numbers):
        return None
    if len(sides) == 3:
        sides = sides[1:] if sides[0] in (1, 3) else sides[:2] if sides[2] in (1, 3) else []
    return (sides[0], sides[1]) if len(sides) == 2 and all(8 <= side <= 8192 for side in sides) else None


def resize_of(value: object) -> tuple[int, ...] | None:
    """The side (n,) to which the shorter one is resized, or (height, width) of the whole picture."""
    size = size_of(value)
    if size is None:
        value = parsed(value)
        alone = isinstance(value, list | tuple) and len(value) == 1
        size = size_of(value[0]) if isinstance(value, list | tuple) and alone else None
        return size[:1] if size else None
    return size if isinstance(parsed(value), list | tuple) or "x" in str(value).lower() else size[:1]


def numbers_of(value: object) -> tuple[float, ...] | None:
    """One or three finite numbers."""
    if isinstance(value, torch.Tensor) and value.numel() in (1, 3) and not value.is_complex():
        value = value.detach().double().flatten().tolist()
    value = parsed(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, list | tuple):
        value = [_number(part) for part in value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    if not all(isinstance(number, int | float) and abs(number) < _LARGEST for number in value):
        return None
    return tuple(float(number) for number in value)


def _number(part: object) -> object:
    return float(part) if isinstance(part, str) and re.fullmatch(r"-?[0-9]{0,6}\.?[0-9]{1,12}", part) else part


def scale_of(mean: Sequence[float], std: Sequence[float] = ()) -> float:
    """The largest value of a picture, 1 or 255, by what is subtracted from it and what it is divided by."""
    return 255.0 if max(map(abs, (*mean, *std)), default=0.0) > 2 else 1.0
