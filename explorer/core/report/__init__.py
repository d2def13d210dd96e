"""What was found about a network's filters on one page that another person can check."""

from explorer.core.report.check import Difference, check_report
from explorer.core.report.sources import Sources, open_sources
from explorer.core.report.write import evidence_report

__all__ = ["Difference", "Sources", "check_report", "evidence_report", "open_sources"]
