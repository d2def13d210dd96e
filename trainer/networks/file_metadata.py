"""What a training checkpoint says beside its weights: the names of the classes, and how pictures become input."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from trainer.networks.input_spec import InputSpec
from trainer.networks.pickle_names import Listed, Unordered
from trainer.networks.saved_content import walk

T = TypeVar("T")

CLASSES = (
    "classes",
    "classnames",
    "classtoidx",
    "idxtoclass",
    "id2label",
    "label2id",
    "labels",
    "labelnames",
    "labelmap",
    "labeltoidx",
    "idxtolabel",
    "classmap",
    "classlist",
    "class2idx",
    "idx2class",
    "idx2label",
    "label2idx",
    "categories",
    "targetnames",
    "names",
)
"""Keys under which classes stand, in small letters, without "_" and "-"; where there are several, the first counts."""

_SIZE = ("imgsize", "imagesize", "inputsize", "inputshape", "imgsz", "imsize", "cropsize", "resolution")
MEAN = ("mean", "imgmean", "imagemean", "inputmean", "normmean", "normalizemean", "pixelmean", "datasetmean")
STD = ("std", "imgstd", "imagestd", "inputstd", "normstd", "normalizestd", "pixelstd", "datasetstd")
_LONGEST_TEXT, _LARGEST = 2**20, 1e12
_ARCHITECTURE = ("architecture", "arch", "modelname", "backbone", "encodername", "model")


@dataclass(frozen=True)
class Said:
    """`classes` are empty where the file names none; `source` is the key under which they stood.

    `size` is (height, width), `mean` and `std` one number a channel for values in [0, 1]; None where the file does not
    say them. `sources` are the keys of these. `architecture` is a name that the file gives the network, "" without one.
    `unordered` are classes without an order and `contrary` others than `classes`, each with the key in front of them.
    """

    classes: tuple[str, ...] = ()
    source: str = ""
    size: tuple[int, int] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    sources: tuple[str, ...] = ()
    architecture: str = ""
    unordered: tuple[str, ...] = ()
    contrary: tuple[str, ...] = ()

    def sentences(self, classes: Sequence[str], file: str, *, used: bool = False) -> tuple[str, ...]:
        """What to say about the classes that the file names; `classes` are those that the person named.

        `used` where the file's are the network's.
        """
        if used and self.source:
            other = ""
            if self.contrary:
                other = f"; {self.contrary[0]}, which says {_shown(self.contrary[1:])}, was not (--classes)"
            return (f"The classes' names were taken from {self.source} in {file}{other}.",)
        if self.unordered and not classes:
            return (
                f"{self.unordered[0]} in {file} is a set, which has no order ({_shown(self.unordered[1:])}): name them "
                "in the order of the outputs (--classes).",
            )
        return ()

    def applied(self, proposal: InputSpec | None, channels: int, *, fixed_size: bool = False) -> InputSpec | None:
        """The proposal with what the file says, None where it says nothing of use; `fixed_size` keeps its size.

        Pictures are resized as in the proposal: to the size, or by the same share more before the centre is cut out.
        """
        size = None if fixed_size else self.size
        mean, std = (self.mean, self.std) if self.mean and len(self.mean) in (1, channels) else (None, None)
        if size is None and mean is None:
            return None
        spec = proposal or InputSpec(mean=(0.0,) * channels, std=(1.0,) * channels)
        if size is not None:
            share = spec.resize_to / min(spec.size)
            resize_to = min(size) if spec.resize == "squash" else round(min(size) * share)
            spec = replace(spec, size=size, resize_to=min(resize_to, 16384))
        if mean and std:
            spec = replace(spec, mean=mean * (channels // len(mean)), std=std * (channels // len(std)))
        return spec


def said_in(extras: Mapping[str, object]) -> Said:
    """What can be read from all that lies beside the weights, at whatever depth scripts put it."""
    known: dict[str, tuple[str, object]] = {}
    for path, value in walk(extras):
        key = re.sub("[_-]", "", path.rpartition(".")[2]).lower()
        known.setdefault(key, (path, value))
    lists = [
        (path, names) for key in CLASSES if key in known for path, value in [known[key]] if (names := _names(value))
    ]
    source, classes = lists[0] if lists else ("", ())
    contrary = next(((path, *names) for path, names in lists[1:] if names != classes), ())
    sets = [known[key] for key in CLASSES if key in known and isinstance(known[key][1], Unordered)]
    unordered = next(((path, *sorted(map(str, value))) for path, value in sets if isinstance(value, list)), ())
    size, mean, std = _first(known, _SIZE, _size), _first(known, MEAN, numbers_of), _first(known, STD, numbers_of)
    if mean is None or std is None or len(mean[0]) != len(std[0]) or min(std[0]) <= 0:
        mean = std = None
    named = next((known[key][1] for key in _ARCHITECTURE if key in known and isinstance(known[key][1], str)), "")
    scale = scale_of(mean[0]) if mean else 1.0
    return Said(
        classes=classes,
        source=source,
        size=size[0] if size else None,
        mean=tuple(number / scale for number in mean[0]) if mean else None,
        std=tuple(number / scale for number in std[0]) if std else None,
        sources=tuple(entry[1] for entry in (size, mean, std) if entry),
        architecture=str(named) if re.fullmatch(r"[A-Za-z0-9_./-]{2,80}", str(named)) else "",
        unordered=unordered if not classes else (),
        contrary=contrary,
    )


def _first(
    known: Mapping[str, tuple[str, object]], keys: Iterable[str], read: Callable[[object], T | None]
) -> tuple[T, str] | None:
    """What the first of the keys with a usable value says, and where it stands."""
    for key in keys:
        if key in known and (parsed := read(known[key][1])) is not None:
            return parsed, known[key][0]
    return None


def _names(value: object) -> tuple[str, ...]:
    """Names in the order of the outputs: a list, its text, or a mapping from or to numbers."""
    value = _parsed(value)
    if isinstance(value, Mapping):
        by_name = not all(isinstance(name, str) for name in value.values())
        names = _in_order([(right, left) if by_name else (left, right) for left, right in value.items()])
    else:
        names = tuple(value) if isinstance(value, list | tuple) and not isinstance(value, Unordered) else ()
    return tuple(map(str, names)) if names and all(isinstance(name, str) and name for name in names) else ()


def _parsed(value: object) -> object:
    """What a text or an array stands for: JSON, or values with commas or in lines; anything else is itself."""
    if isinstance(value, Listed):
        return value.items
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        parts = [part.strip() for part in re.split("[,\n]", value)]
        return parts if len(parts) > 1 and all(parts) else value


def _in_order(pairs: list[tuple[object, object]]) -> tuple[object, ...]:
    """Names by their numbers, where these are 0, 1, 2 ... without a gap; JSON writes numbers as text."""
    by_number = {int(str(number)): name for number, name in pairs if re.fullmatch("[0-9]{1,9}", str(number)[:10])}
    complete = len(by_number) == len(pairs) and sorted(by_number) == list(range(len(pairs)))
    return tuple(by_number[number] for number in range(len(pairs))) if complete else ()


def _number(part: object) -> object:
    return float(part) if isinstance(part, str) and re.fullmatch(r"-?[0-9]{0,6}\.?[0-9]{1,12}", part) else part


def _shown(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:8]) + (" ..." if len(names) > 8 else "")


def _size(value: object) -> tuple[int, int] | None:
    """(height, width) of one number, of two, or of three with the channels before or behind."""
    value = _parsed(value)
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


def scale_of(mean: Iterable[float]) -> float:
    """The largest value of a picture, 1 or 255, by the average of all."""
    return 255.0 if max(map(abs, mean)) > 2 else 1.0


def numbers_of(value: object) -> tuple[float, ...] | None:
    """One or three finite numbers."""
    if isinstance(value, torch.Tensor) and value.numel() in (1, 3) and not value.is_complex():
        value = value.detach().double().flatten().tolist()
    value = _parsed(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, list | tuple):
        value = [_number(part) for part in value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    if not all(isinstance(number, int | float) and abs(number) < _LARGEST for number in value):
        return None
    return tuple(float(number) for number in value)
