"""Shares as people read them, in one way wherever they stand."""


def percent(share: float, digits: int = 0) -> str:
    """A share (0..1) with so many digits behind the point: "48 %", "27.4 %"; a dash for what is no number."""
    return "–" if share != share else f"{100 * share:,.{digits}f} %"
