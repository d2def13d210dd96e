"""What was found about a network's filters on one page that another person can check."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.report.check import check_report
    from explorer.core.report.difference import Difference
    from explorer.core.report.sources import Sources, open_sources
    from explorer.core.report.write import evidence_report

__all__ = ["Difference", "Sources", "check_report", "evidence_report", "open_sources"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "check": ["check_report"],
        "difference": ["Difference"],
        "sources": ["Sources", "open_sources"],
        "write": ["evidence_report"],
    },
)
