"""Every setting of a training run: one field here is a flag, a line in a TOML file and a line in the report.

The settings stand in groups, one frozen dataclass and one TOML table each; no name occurs in two groups. A recipe
is the starting point (`trainer.training.presets`), a file of settings overrides it, and flags override the file.
"""

import difflib
import sys
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from trainer.files.errors import UserError
from trainer.files.printing import printable

Pair = tuple[float, float]
Triple = tuple[float, float, float]


def setting(default: Any, says: str) -> Any:
    """A field with its default and the sentence that its flag shows."""
    return field(default=default, metadata={"help": says})


@dataclass(frozen=True)
class Data:
    """Which pictures, and how they become the network's input.

    The paper does not say what of a 300 x 300 picture is shown to the network when it is tested: "centre" cuts the
    centre out, at the scale of the training crops, which is this program's choice for it; "whole" squeezes the whole
    picture to the input's size.
    """

    size: int = setting(224, "side of the network's input, pixels")
    resize_to: int = setting(0, "side to which stored pictures are resized before crops are taken; 0 = as stored")
    test_crop: Literal["centre", "whole"] = setting("centre", "what of a picture is tested: its centre, or all of it")
    mean: Triple = setting((0.0, 0.0, 0.0), "mean of each channel of pictures in [0, 1], taken off")
    std: Triple = setting((1.0, 1.0, 1.0), "standard deviation of each channel, divided by")
    color_constancy: float = setting(0.0, "norm by which the light's color is found and taken out: 6 = shades of grey")
    gamma: float = setting(1.0, "power to which values are raised after that; 1 = none")
    illumination: float = setting(0.0, "share of the fitted uneven light that pictures are divided by; 1 = all of it")
    fill_corners: bool = setting(False, "fill the dark outside of a round field of view with the skin beside it")
    fold: int = setting(-1, "which fold of the cohort is the test part; -1 = the cohort's own parts")


@dataclass(frozen=True)
class Network:
    """What is trained, and what it starts from.

    The paper does not say how its weights were drawn; "he" (He et al., 2015) is this program's choice, because a
    network of eleven ReLU layers hardly starts with "torch" (PyTorch's defaults). "glorot" is Glorot & Bengio (2010).
    Weights from a file or from ImageNet come with a new last layer, unless it has the same classes.
    """

    architecture: str = setting("scratch_cnn", "scratch_cnn, lenet, one of torchvision's, or timm/NAME")
    bottleneck: int = setting(0, "scratch_cnn: units of a low-rank layer before the first hidden one; 0 = none")
    dropout: float = setting(0.0, "scratch_cnn: probability of dropping a hidden unit")
    initialisation: Literal["he", "glorot", "torch"] = setting("he", "how new weights are drawn")
    weights: str = setting("", 'start from these weights: a file, or "imagenet" (downloaded by torchvision)')
    weights_key: str = setting("", "which of them, where the file holds several (an average beside the raw ones)")
    freeze_up_to: str = setting("", "keep the layers up to this module as they are, such as layer2")


@dataclass(frozen=True)
class Augmentation:
    """How far training pictures are changed: every draw is uniform and independent for each picture.

    Geometry, in one sampling: a square of `size` is cut at a random place (in whole pixels), enlarged by `zoom`,
    moved by `shift`, turned about its own centre and mirrored, of a picture that is made wider or narrower by
    `stretch`, at the same area. A turned square reads what the stored picture holds beyond it; what lies outside of
    the stored picture is `fill`: its mirror image, its edge, or black. At 45 degrees even the central 224 of 300
    reaches outside (half diagonal 158 of 150).

    Colors, in [0, 1], in this order, cut off to [0, 1] after the last: hue, saturation, contrast, brightness.
    `brightness` b is added to every channel, as in TensorFlow's adjust_brightness, or, with `brightness_as`
    "multiplied", multiplies it by 1 + b, as in torchvision's. `contrast` c multiplies the
    distance from the mean of the picture's grey by 1 + c: read as a factor itself, -0.7 would turn the picture into
    its negative and 0 into plain grey, so that almost no contrast of the paper's interval would leave it as it is.
    `saturation` multiplies the distance from the pixel's grey; `hue` turns the hue of HSV, in turns (1 = the whole
    circle; within +-1/12). Greys are 0.299 R + 0.587 G + 0.114 B.

    What pictures of other places look like, for a network that sees few of them: `tint` multiplies each channel by a
    number of its own, as another white balance does; `corners` is the share of pictures that get round dark corners,
    as a dermatoscope's tube leaves them, outside of a radius of 0.75 to 1.2 half widths, sharp or soft.

    `mixup` is the alpha of Zhang et al. (2018), with one share a picture; `cutout` the side of the erased square as
    a share of the input's (DeVries & Taylor, 2017), filled with the picture's mean color.
    """

    crop: Literal["random", "centre"] = setting("centre", "where the square is cut out of the stored picture")
    rotation: Pair = setting((0.0, 0.0), "from and to, in turns; 0 1 = any angle")
    flip_horizontal: bool = setting(False, "mirror every second picture left to right")
    flip_vertical: bool = setting(False, "mirror every second picture top to bottom")
    zoom: Pair = setting((1.0, 1.0), "enlargement, from and to (uniform in its logarithm)")
    stretch: float = setting(1.0, "width by height, at most this and at least its inverse; 1.33 = 4:3 to 3:4")
    shift: float = setting(0.0, "largest shift each way, as a share of the stored picture's side")
    fill: Literal["reflect", "edge", "black"] = setting("reflect", "what lies outside of the stored picture")
    brightness: Pair = setting((0.0, 0.0), "added, or multiplied by 1 + this, from and to")
    brightness_as: Literal["added", "multiplied"] = setting("added", "how brightness changes every channel")
    contrast: Pair = setting((0.0, 0.0), "1 + this multiplies the distance from the mean grey")
    hue: Pair = setting((0.0, 0.0), "turn of the hue, in turns")
    saturation: Pair = setting((1.0, 1.0), "multiplies the distance from grey")
    tint: float = setting(0.0, "each channel is multiplied by 1 - this to 1 + this")
    corners: float = setting(0.0, "share of pictures that get round dark corners")
    mixup: float = setting(0.0, "alpha of mixup; 0 = none")
    cutout: float = setting(0.0, "side of the erased square as a share of the input's; 0 = none")


@dataclass(frozen=True)
class Learning:
    """The loss, the optimiser and what is kept.

    `loss`: "cross-entropy" compares the outputs by softmax. "bce" is binary cross-entropy: of two classes the network
    has one output, whose sigmoid is the probability of the second; of more each class has an output of its own, whose
    sigmoid is decided for itself, and the mean over the outputs is taken.

    `imbalance`: "weights" multiplies each picture's loss by median(n) / n of its class (Eigen & Fergus, 2015, over
    pictures; 928 and 11,910 give 6.917 and 0.539) and divides a batch's sum by that of the weights, as PyTorch's
    cross_entropy does; with "bce" it multiplies what an output loses on pictures of its class by the others' number
    over theirs (PyTorch's pos_weight), and divides by no weights. "sampling" draws every class equally often. The
    paper says nothing of it; "sampling" is this program's choice for it.
    """

    loss: Literal["cross-entropy", "bce"] = setting("cross-entropy", "bce: a sigmoid for each class, or one for two")
    epochs: int = setting(30, "how often the training part is gone through")
    batch: int = setting(32, "pictures a step, of all processes together")
    imbalance: Literal["none", "weights", "sampling"] = setting("none", "what rare classes get")
    smoothing: float = setting(0.0, "label smoothing")
    optimiser: Literal["adam", "adamw", "sgd"] = setting("adam", "sgd has Nesterov's momentum, the first of betas")
    learning_rate: float = setting(1e-4, "the highest learning rate")
    betas: Pair = setting((0.9, 0.999), "decay of the optimiser's averages")
    weight_decay: float = setting(0.0, "adamw: decoupled; else added to the gradient")
    clip: float = setting(0.0, "largest norm of the gradient; 0 = any")
    depth_decay: float = setting(
        1.0, "learning rate of the first layer as a share of the last one's; between them by depth"
    )
    head_epochs: int = setting(0, "epochs at the start in which the last layer alone learns")
    average: float = setting(0.0, "decay of a moving average of the weights, which is what is kept; 0 = none")
    schedule: Literal["constant", "one-cycle", "cosine"] = setting("constant", "course of the learning rate")
    cycle: int = setting(1, "cosine: epochs until the first warm restart (SGDR)")
    cycle_factor: int = setting(2, "cosine: each cycle is this many times as long as the one before")
    chosen: Literal["best", "last"] = setting("best", "the epoch to keep: best validation AUC, or the last")
    keep_every: int = setting(0, "also keep the untrained network and that of every so many epochs; 0 = none")
    patience: int = setting(0, "stop after so many epochs without a better validation AUC; 0 = never")
    threshold_folds: int = setting(0, "without a validation part: folds of train that choose the threshold; 0 = none")
    seed: int = setting(0, "of everything that is drawn")


@dataclass(frozen=True)
class Machine:
    """How it is computed; float32 with everything off is the reference."""

    precision: Literal["bfloat16", "tf32", "float32"] = setting(
        "bfloat16", "numbers; bfloat16 where the device has it; tf32: float32 rounded, on a GPU"
    )
    channels_last: bool = setting(True, "memory order of pictures and maps")
    fused: bool = setting(True, "one kernel for the optimiser's step")
    graph: bool = setting(True, "cuda: capture the step in a CUDA graph")
    compile: bool = setting(False, "compile network and augmentation first: half a minute, worth it in a long run")
    deterministic: bool = setting(False, "cuda: the same kernels in every run, so that it can be repeated; slower")
    pictures_on_device: Literal["auto", "yes", "no"] = setting("auto", "keep the decoded pictures in its memory")
    prefetch: bool = setting(True, "prepare the next batch in a thread")
    save_every: float = setting(0.0, "seconds between two states to resume from; 0 = every epoch")
    half: bool = setting(False, "write the weights in half precision; what is measured are those very weights")


@dataclass(frozen=True)
class Recipe:
    """All settings of a run."""

    data: Data = Data()
    network: Network = Network()
    augmentation: Augmentation = Augmentation()
    learning: Learning = Learning()
    machine: Machine = Machine()

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UserError(f"{problem}.")

    def _problem(self) -> str:
        data, changes, learning = self.data, self.augmentation, self.learning
        for low, high, name in ((1, 1024, "size"), (0, 2048, "resize_to")):
            if not low <= getattr(data, name) <= high:
                return f"{name} is {getattr(data, name)}, not within {low} to {high}"
        for name in ("rotation", "zoom", "brightness", "contrast", "hue", "saturation"):
            low, high = getattr(changes, name)
            if not low <= high:
                return f"{name} goes from {low} to {high}; the first must be the smaller one"
        if changes.zoom[0] <= 0:
            return f"zoom is {changes.zoom[0]}, but must be over 0"
        if changes.brightness_as == "multiplied" and changes.brightness[0] < -1:
            return f"brightness is {changes.brightness[0]}, but must be -1 or more where it is multiplied"
        if not 1 <= changes.stretch <= 4:
            return f"stretch is {changes.stretch}, not within 1 to 4"
        if not 0 <= changes.corners <= 1:
            return f"corners is {changes.corners}, not within 0 to 1"
        if max(map(abs, changes.hue)) > 1 / 12:
            return "hue reaches beyond a twelfth of a turn (0.0833)"
        if data.fold < -1:
            return f"fold is {data.fold}, but must be -1 (the cohort's own parts) or more"
        for group, name in (
            *((learning, name) for name in ("weight_decay", "clip", "head_epochs", "keep_every", "patience")),
            *((learning, name) for name in ("threshold_folds", "seed")),
            (changes, "mixup"),
            (self.network, "bottleneck"),
            (self.machine, "save_every"),
        ):
            if not getattr(group, name) >= 0:
                return f"{name} is {getattr(group, name)}, but must be 0 or more"
        for value in learning.betas:
            if not 0 <= value < 1:
                return f"betas is {value}, not within 0 to 1"
        for name in ("epochs", "batch", "cycle", "cycle_factor", "learning_rate", "depth_decay"):
            if not getattr(learning, name) > 0:
                return f"{name} is {getattr(learning, name)}, but must be over 0"
        for group, name in (
            (learning, "smoothing"),
            (learning, "average"),
            (self.network, "dropout"),
            (changes, "shift"),
            (changes, "cutout"),
            (changes, "tint"),
        ):
            if not 0 <= getattr(group, name) < 1:
                return f"{name} is {getattr(group, name)}, not within 0 to 1"
        return ""

    def flat(self) -> dict[str, Any]:
        """Every setting by its name, plain values."""
        return {name: value for group in asdict(self).values() for name, value in group.items()}

    def with_settings(self, values: Mapping[str, Any], where: str) -> "Recipe":
        """The recipe with some settings changed; UserError naming `where` for unknown names and wrong kinds."""
        groups: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name not in SETTINGS:
                near = difflib.get_close_matches(name[:60], SETTINGS, n=1, cutoff=0)
                raise UserError(
                    f'{where} has a setting "{printable(name, 60)}" that is not known; the nearest is {near[0]}.'
                )
            group, kind = SETTINGS[name]
            groups.setdefault(group, {})[name] = converted(kind, value, f"{where}: {name}")
        return replace(self, **{group: replace(getattr(self, group), **new) for group, new in groups.items()})


def _settings() -> dict[str, tuple[str, Any]]:
    return {
        name: (group, kind)
        for group, part in get_type_hints(Recipe).items()
        for name, kind in get_type_hints(part).items()
    }


SETTINGS: dict[str, tuple[str, Any]] = _settings()
"""(group, type) of every setting by its name."""


def groups() -> dict[str, tuple[Field[Any], ...]]:
    """The fields of every group, in order."""
    return {group: fields(part) for group, part in get_type_hints(Recipe).items()}


def converted(kind: Any, value: Any, name: str) -> Any:
    """A value of TOML as the type of its setting; UserError where it is of another kind."""
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise UserError(f"{name} is {_brief(value)}; choose {', '.join(get_args(kind))}.")
    if get_origin(kind) is tuple:
        count = len(get_args(kind))
        if isinstance(value, list | tuple) and len(value) == count:
            return tuple(converted(float, item, name) for item in value)
        raise UserError(f"{name} is {_brief(value)}; it takes {count} numbers, such as [{', '.join(['0.5'] * count)}].")
    if kind is float:  # also a whole number, but no infinity and no NaN
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
            return float(value)
    elif type(value) is kind and (kind is not int or abs(value) < 2**53):
        return value
    words = {int: "a whole number of at most fifteen digits", float: "a number", bool: "true or false", str: "a text"}
    raise UserError(f"{name} is {_brief(value)}, but must be {words[kind]}.")


def _brief(value: Any) -> str:
    """A value of any kind in an error."""
    return printable(repr(value[:60]) if isinstance(value, str) else repr(value), 60)
