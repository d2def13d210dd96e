"""Two networks on the same pictures: which filter of one is which of the other, and what they say differently."""

from explorer.core.comparison.compare import Comparison, compare

__all__ = ["Comparison", "compare"]
