"""What a lens is: a kind of attribution with its settings, each declared once for scripts, command line and window.

Imports nothing that computes, because a window lists its lenses before torch is there; `compute` imports what it needs.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from numbers import Integral, Real
from types import MappingProxyType
from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings, Value
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network

OnRough = Callable[[AttributionMap], None]
Compute = Callable[["Network", "RGB", str, Settings, OnStep, OnRough | None], AttributionMap]
"""Called with (network, picture, target, complete settings, on_step, on_rough)."""

LAST_LAYER = -1
"""What a setting of a layer says of the last one."""

CLASS, FILTER = "class", "filter"
"""Kinds of targets: a class's logit or probability, and what is read of a filter's map."""

FORMS: Mapping[str, str] = MappingProxyType(
    {
        CLASS: "class:NAME (its logit), probability:NAME",
        FILTER: "filter:7:8 (its peak), filter:7:8:mean, filter:7:8:at:ROW,COL",
    }
)
"""How targets are written."""


@dataclass(frozen=True)
class Setting:
    """What a lens can be told.

    `read` makes the value of a word of the command line (ValueError where it is none); `offered` are the values that a
    window offers, with their titles; `title` stands before them, and with "" they stand beside those of the setting
    before. `about` says in words what it is. A `layer` is a layer's index, from the last one backwards where negative;
    a window offers all of them.
    """

    name: str
    default: Value
    about: str
    read: Callable[[str], Value] = str
    offered: tuple[tuple[Value, str], ...] = ()
    title: str = ""
    layer: bool = False

    def given(self, text: str) -> Value:
        """The value of a word of the command line; UserError where it is none."""
        try:
            return self.read(text)
        except ValueError as error:
            raise UserError(f'"{text}" is no {self.name}: {self.about}.') from error

    def plain(self, value: object) -> Value:
        """A script's value as the command line would read it, whatever kind of number it is; UserError for no value."""
        if isinstance(value, str) or (isinstance(value, bool) and isinstance(self.default, bool)):
            return value
        if isinstance(self.default, int) and isinstance(value, Integral) and not isinstance(value, bool):
            return int(value)
        if not isinstance(self.default, int) and isinstance(value, Real) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, Iterable):
            with suppress(TypeError, ValueError):  # a list of something else
                return tuple(float(part) for part in value)
        raise UserError(f'"{value}" is no {self.name}: {self.about}.')


@dataclass(frozen=True)
class Side:
    """What values on one side of zero mean: a `word` for the end of the color bar, a `legend`, what comes before a
    value `here`, under the mouse, and before the target's unit (`of_score`) beside a figure's color bar."""

    word: str
    legend: str
    here: str
    of_score: str = ""


@dataclass(frozen=True)
class Lens:
    """One kind of attribution.

    `about` is a sentence; `targets` are the kinds that it takes (`CLASS`, `FILTER`), the usual one first; `negative` is
    None where no value lies below zero. The color scale ends at this `quantile` of the values' sizes. `adjust` makes
    settings that go together of those that were chosen one by one. A lens that is not `of_picture` makes a picture of
    its own (`AttributionMap.rgb`), whatever picture it is given. The values of one `of_changes` are changes of its
    target.
    """

    name: str
    title: str
    about: str
    targets: tuple[str, ...]
    compute: Compute
    settings: tuple[Setting, ...]
    positive: Side
    negative: Side | None = None
    quantile: float = 1.0
    adjust: Callable[[dict[str, Value]], dict[str, Value]] = dict
    of_picture: bool = True
    of_changes: bool = False

    def complete(self, given: Settings) -> dict[str, Value]:
        """The settings given, with the defaults of all others; UserError for one that the lens does not have.

        And for a value that is none of its setting; which values are usable, the lens says when it computes.
        """
        defaults = {setting.name: setting.default for setting in self.settings}
        unknown = [name for name in given if name not in defaults]
        if unknown:
            names = ", ".join(defaults) or "none"
            raise UserError(f'{self.title} has no setting "{unknown[0]}"; its settings are {names}.')
        return defaults | {
            setting.name: setting.plain(given[setting.name]) for setting in self.settings if setting.name in given
        }

    def at_layer(self, layer: int) -> dict[str, Value]:
        """The usual settings, with this layer where the lens looks at one's maps."""
        return self.complete({setting.name: layer for setting in self.settings if setting.layer})

    def check_target(self, target: str) -> None:
        """UserError for a kind of target that this lens does not take."""
        kind = target.partition(":")[0]
        if (CLASS if kind == "probability" else kind) not in self.targets:
            written = ", ".join(FORMS[kind] for kind in self.targets)
            raise UserError(f'{self.title} does not take the target "{target}"; write {written}.')


def following_gradients(compute: Compute) -> Compute:
    """The same with gradients switched on, whatever the caller did with them (`no_grad`, `inference_mode`)."""

    @wraps(compute)
    def computed(
        network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
    ) -> AttributionMap:
        import torch

        with torch.inference_mode(False), torch.enable_grad():
            return compute(network, rgb, target, settings, on_step, on_rough)

    return computed
