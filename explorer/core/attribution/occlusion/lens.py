"""Occlusion as a lens: its settings, and what its values say."""

from typing import TYPE_CHECKING, Any

from explorer.core.attribution.attribution_map import AttributionMap, Settings, Value
from explorer.core.attribution.color_range import in_points, points_text
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, Setting, Side
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.attribution.occlusion.occluder import Occluder
    from explorer.core.attribution.occlusion.sensitivity import Occlusion
    from explorer.core.network.opening import Network

HARDLY = 1.0
"""Percentage points of a probability below which a change is called small in words."""

SIZES, STRIDES = (8, 16, 24, 32, 48, 64), (4, 8, 16, 32)
FILLS: tuple[tuple[Value, str], ...] = (
    ("mean", "the picture's mean"),
    ("surround", "the skin around"),
    ("blur", "the picture blurred"),
    ((0.0, 0.0, 0.0), "black"),
    ((0.5, 0.5, 0.5), "grey"),
)


def occluder_of(settings: Settings) -> "Occluder":
    """The patch of these settings; UserError where they are not usable."""
    from explorer.core.attribution.occlusion.occluder import Occluder

    chosen: dict[str, Any] = dict(settings)
    return Occluder(chosen["size"], chosen["stride"], chosen["fill"])


def fill_of(text: str) -> Value:
    """The fill written as a word, a number or a color; ValueError for a color that is none."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return text  # a word; the occluder says which there are
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) != 3 or not all(0 <= number <= 1 for number in numbers):
        raise ValueError(text)
    return (numbers[0], numbers[1], numbers[2])


def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.occlusion.sensitivity import occlude

    def as_map(occlusion: "Occlusion") -> AttributionMap:
        assert occlusion.map is not None
        # Of the map, as its color bar and what is read under the mouse: single patches are less mild.
        falls, rises = max(0.0, float(occlusion.map.max())), max(0.0, -float(occlusion.map.min()))
        of_probability, largest = in_points(OCCLUSION, target), max(falls, rises)
        text_of = points_text if of_probability else "{:.3g}".format
        summary = f"Covering lowers it by up to {text_of(falls)}, or raises it by up to {text_of(rises)}."
        if of_probability and 100 * largest < HARDLY:
            summary += f" Largest change {100 * largest:.1f} points: hardly matters here."
        return AttributionMap(
            target, occlusion.map, True, float(occlusion.unoccluded), settings, occlusion.method, summary
        )

    def rough(occlusion: "Occlusion") -> None:
        assert on_rough is not None
        on_rough(as_map(occlusion))

    occluder = occluder_of(settings)
    return as_map(occlude(network, rgb, target, occluder, on_step=on_step, on_rough=on_rough and rough))


def _without_gaps(settings: dict[str, Value]) -> dict[str, Value]:
    """A stride beyond the size would leave gaps and is held at it."""
    size, stride = settings["size"], settings["stride"]
    fine = isinstance(size, int) and isinstance(stride, int)
    return settings | {"stride": min(stride, size)} if fine else settings


def _pixels(values: tuple[int, ...]) -> tuple[tuple[Value, str], ...]:
    return tuple((value, f"{value} px") for value in values)


OCCLUSION = Lens(
    name="occlusion",
    title="Occlusion",
    about="what covering each part of the picture does to the target (Zeiler and Fergus 2014)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(
        Setting("size", 16, "side of the patch, in pixels of the input", int, _pixels(SIZES), "Patch of"),
        Setting("fill", "mean", "mean, blur, surround, a number, or a color: 0.8,0.6,0.5", fill_of, FILLS),
        Setting("stride", 8, "step of the patch, in pixels of the input", int, _pixels(STRIDES), "in steps of"),
    ),
    positive=Side("lowers", "covering lowers it", "covering here lowers it by", "fall of the"),
    negative=Side("raises", "covering raises it", "covering here raises it by", "rise of the"),
    adjust=_without_gaps,
    of_changes=True,
)
