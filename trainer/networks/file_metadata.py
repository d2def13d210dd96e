"""What a training checkpoint says beside its weights: its classes, how pictures become input, and what outputs mean."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from trainer.networks.class_lists import KEYS, class_list, plain_key, shown
from trainer.networks.program_text import is_of_evaluation, is_of_training, settings_of
from trainer.networks.saved_content import walk
from trainer.networks.written_values import numbers_of, resize_of, scale_of, size_of

T = TypeVar("T")
Known = dict[str, tuple[str, object]]
"""What lies in a file: the dotted path and the value, by the plain key."""

_SIZE = ("imgsize", "imagesize", "inputsize", "inputshape", "imgsz", "imsize", "cropsize", "resolution")
_CROP = ("crop", "centercrop")
_RESIZE = ("resize", "resizeto", "resizesize")
_CROP_PCT = ("croppct",)
_MOST_LISTS = 40
"""Of what may be class names: a stranger's file may hold one long text under a million keys."""
_GEOMETRY = (*_SIZE, *_CROP, *_RESIZE, *_CROP_PCT)
_POOL = ("gp", "globalpool", "globalpooling")
MEAN = ("mean", "imgmean", "imagemean", "inputmean", "normmean", "normalizemean", "pixelmean", "datasetmean")
STD = ("std", "imgstd", "imagestd", "inputstd", "normstd", "normalizestd", "pixelstd", "datasetstd")
_ORDER = ("channelorder", "colororder", "colormode", "colorspace", "colorformat", "inputspace", "inputformat", "format")
_RGB_FLAGS, _BGR_FLAGS = ("torgb", "bgrtorgb", "bgr2rgb"), ("bgr", "isbgr", "usebgr")
_ARCHITECTURE = ("architecture", "arch", "modelname", "backbone", "encodername", "model")
_LOSS = ("loss", "lossfn", "lossname", "losstype", "lossfunction", "criterion")
_ACTIVATION = ("activation", "finalactivation", "outputactivation", "lastactivation")
_BGR_MEAN = (0.406, 0.456, 0.485)
"""ImageNet's average colors as Caffe and OpenCV order them: blue is the darkest, whatever the digits."""


@dataclass(frozen=True)
class StatedClasses:
    """One list of classes: their names, the key under which they stood, and the number that the first of them has."""

    names: tuple[str, ...]
    source: str = ""
    first: int = 0


@dataclass(frozen=True)
class Said:
    """`lists` are all that may be the names of the classes, the likeliest first.

    `size` is (height, width), `mean` and `std` one number a channel for values in [0, 1], of red, green and blue;
    None where the file does not say them. `resize` is the side to which the shorter one is resized before the cut,
    or (height, width) of the whole picture, `crop_pct` timm's share of it that is cut out; () and 0 where it says
    none. `sources` are the keys of these, by the names of the fields. `bgr` is what says that the network takes
    blue, green and red. `architecture`, `pool` and `interpolation` are names that the file gives, "" without one.
    `independent` are the keys that say that each class is decided by itself. `unusable` are the key of names that
    could not be taken, and why.
    """

    lists: tuple[StatedClasses, ...] = ()
    size: tuple[int, int] | None = None
    resize: tuple[int, ...] = ()
    crop_pct: float = 0.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    bgr: str = ""
    architecture: str = ""
    pool: str = ""
    interpolation: str = ""
    independent: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The likeliest names, () where the file has none."""
        return self.lists[0].names if self.lists else ()

    @property
    def source(self) -> str:
        """The key under which these stood."""
        return self.lists[0].source if self.lists else ""

    def sentences(self, classes: Sequence[str], file: str, *, used: Sequence[str] = ()) -> tuple[str, ...]:
        """What to say about the classes that the file names; `classes` are those that the person named.

        `used` are the network's, where nobody named them.
        """
        taken = next((entry for entry in self.lists if entry.names == tuple(used)), None)
        if taken and taken.source:
            other = ""
            alike = [entry for entry in self.lists if len(entry.names) == len(used) and entry.names != taken.names]
            if alike:
                other = f"; {alike[0].source}, which says {shown(alike[0].names)}, was not (--classes)"
            counted = (
                "; they are numbered from 1 there: the first was taken for the first output" if taken.first else ""
            )
            return (f"The classes' names were taken from {taken.source} in {file}{counted}{other}.",)
        if self.unusable and not classes:
            return (
                f"{self.unusable[0]} in {file} looks like the names of classes and was not used: {self.unusable[1]}. "
                "Name them in the order of the outputs (--classes).",
            )
        return ()


def said_in(extras: Mapping[str, object]) -> Said:
    """What can be read from all that lies beside the weights, at whatever depth scripts put it."""
    known = _known(extras)
    size = _first(known, _SIZE, size_of) or _first(known, _CROP, size_of)
    resize, share = _first(known, _RESIZE, resize_of), _first(known, _CROP_PCT, _share)
    mean, std = _first(known, MEAN, numbers_of), _first(known, STD, numbers_of)
    if mean is None or std is None or len(mean[0]) != len(std[0]) or min(std[0]) <= 0:
        mean = std = None
    stated = {"size": size, "resize": resize, "crop_pct": share, "mean": mean, "std": std}
    order = _bgr(known, mean[0] if mean else ())
    scale = scale_of(mean[0], std[0]) if mean and std else 1.0
    step = -1 if order else 1
    return replace(
        named_in(extras),
        size=size[0] if size else None,
        resize=resize[0] if resize else (),
        crop_pct=share[0] if share else 0.0,
        mean=tuple(number / scale for number in mean[0][::step]) if mean else None,
        std=tuple(number / scale for number in std[0][::step]) if std else None,
        sources={name: entry[1] for name, entry in stated.items() if entry},
        bgr=order,
        architecture=_word(known, _ARCHITECTURE, r"[A-Za-z0-9_./-]{2,80}"),
        pool=_word(known, _POOL, r"avg|max|avgmax|catavgmax"),
        interpolation=_word(known, ("interpolation",), r"[a-z]{3,20}"),
        independent=_independent(known),
    )


def named_in(extras: Mapping[str, object]) -> Said:
    """What all that lies beside the weights, or the notes of a file, says of the classes' names, and nothing else."""
    entries = [(plain_key(path), path[:80], value) for path, value in walk(extras)]
    likely = [(path, value) for key in KEYS for plain, path, value in entries if plain == key]
    found = [(path, class_list(value)) for path, value in likely[:_MOST_LISTS]]
    return Said(
        lists=tuple(StatedClasses(entry.names, path, entry.first) for path, entry in found if entry.names),
        unusable=next(((path, entry.problem) for path, entry in found if entry.problem), ()),
    )


def _known(extras: Mapping[str, object]) -> Known:
    """What lies in a file by its plain keys: the first of each, but no size of training beside one of validation."""
    entries = [(plain_key(path), path, value) for path, value in walk(extras)]
    validated = any(key in _GEOMETRY and is_of_evaluation(path) for key, path, _ in entries)
    known: Known = {}
    for key, path, value in entries:
        if not (validated and key in _GEOMETRY and is_of_training(path) and not is_of_evaluation(path)):
            known.setdefault(key, (path, value))
    settings = settings_of({path: value for _, path, value in entries if isinstance(value, str)})
    size = _first(known, (*_SIZE, *_CROP), size_of)
    if size and "crop" in settings and size_of(settings["crop"][1]) != size[0]:  # the text is of another way
        settings = {key: entry for key, entry in settings.items() if key not in _GEOMETRY}
    # What stands under a key of its own says more surely what it is.
    return {**{plain_key(key): entry for key, entry in settings.items()}, **known}


def is_bgr(mean: Sequence[float]) -> bool:
    """Whether average colors are ImageNet's in the order of blue, green and red, of values to 1 or to 255."""
    scale = scale_of(mean)
    return len(mean) == 3 and all(abs(one / scale - other) < 0.01 for one, other in zip(mean, _BGR_MEAN, strict=True))


def _bgr(known: Known, mean: Sequence[float]) -> str:
    """What says that the network takes blue, green and red, "" where nothing does."""
    said: dict[str, bool] = {}
    for keys, bgr in ((_RGB_FLAGS, "false"), (_BGR_FLAGS, "true"), (_ORDER, "bgr")):
        for path, value in (known[key] for key in keys if key in known):
            word = str(value).lower() if isinstance(value, bool | str) else ""
            if word in ("true", "false", "rgb", "bgr"):
                said[path] = word == bgr
    if any(said.values()):
        return next(path for path, bgr in said.items() if bgr)
    return "the mean in it" if is_bgr(mean) and not said else ""


def _independent(known: Known) -> tuple[str, ...]:
    """The keys that say that each class is decided by itself; () where nothing does, or others say the contrary."""
    said: dict[str, bool] = {}
    for key in ("multilabel", "ismultilabel"):
        if key in known and isinstance(known[key][1], bool | str):
            said[known[key][0]] = str(known[key][1]).lower() == "true"
    words = [
        (key, r"bce|binary_?cross_?entropy|multi_?label", r"^(ce|.*(?<!binary)_?cross_?entropy.*)$") for key in _LOSS
    ]
    words += [(key, "^sigmoid", "^softmax") for key in _ACTIVATION]
    words.append(("problemtype", "multi_label", "single_label"))
    for key, single, together in words:
        path, value = known.get(key, ("", None))
        word = value.lower() if isinstance(value, str) and len(value) < 80 else ""
        if re.search(single, word):
            said[path] = True
        elif re.search(together, word):
            said[path] = False
    return tuple(said) if said and all(said.values()) else ()


def _share(value: object) -> float | None:
    numbers = numbers_of(value)
    return numbers[0] if numbers and len(numbers) == 1 and 0.1 <= numbers[0] <= 1 else None


def _word(known: Known, keys: Iterable[str], pattern: str) -> str:
    """The first text under one of the keys, "" where it is not of this pattern."""
    word = next((known[key][1] for key in keys if key in known and isinstance(known[key][1], str)), "")
    return str(word) if re.fullmatch(pattern, str(word)) else ""


def _first(known: Known, keys: Iterable[str], read: Callable[[object], T | None]) -> tuple[T, str] | None:
    """What the first of the keys with a usable value says, and where it stands."""
    for key in keys:
        if key in known and (value := read(known[key][1])) is not None:
            return value, known[key][0]
    return None
