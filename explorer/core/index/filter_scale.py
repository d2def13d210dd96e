"""The scale on which a filter is drawn over a folder, from what an index knows of its values."""

import numpy as np

from explorer.core.drawing.styles import Scale


def filter_scale(filter_row: np.void, *, inside: bool = True) -> Scale:
    """From the median to the 0.995 quantile of the filter's values `inside`, or of all, on the sample; none below 0.

    `filter_row` is one of `schema.FILTERS`. Up to the highest value for a filter that answers so rarely that the
    quantile misses it.
    """
    ending = "_inside" if inside else ""
    low, high, highest = (float(filter_row[f"{name}{ending}"]) for name in ("median", "q995", "highest"))
    low, high = max(0.0, low), max(0.0, high)
    return Scale(low, high if high > low else max(low, highest))
