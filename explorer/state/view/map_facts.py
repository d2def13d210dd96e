"""What a filter's map says in numbers, in words."""

import math
from typing import TYPE_CHECKING

from trainer.measures.percent import percent

if TYPE_CHECKING:
    from explorer.core.arrays import Map


def facts_of(map: "Map | None") -> str:
    """The highest answer and the share of the picture with an answer; "" where there is no map."""
    if map is None:
        return ""
    highest = float(map.max())
    if not math.isfinite(highest) or not math.isfinite(float(map.min())):
        return "answers with values that are no numbers on this picture"
    if highest <= 0:
        return "no answer on this picture"
    return f"highest {highest:.3g}, fires on {percent(float((map > 0).mean()))} of the picture"
