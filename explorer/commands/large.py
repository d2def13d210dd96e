"""What is asked before a command writes very many files, or more than the disk has room for."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.errors import UserError
from trainer.files.printing import say

if TYPE_CHECKING:
    from explorer.core.figures.size import ExportSize


def add_yes(group: "argparse._ActionsContainer") -> None:
    """Add --yes."""
    group.add_argument(
        "--yes",
        action="store_true",
        help="do not ask before an export of over 1,000 files or a tenth of the free space",
    )


def ask_about(size: "ExportSize", out: Path, fewer: str) -> None:
    """UserError where it is large and nobody says that it is meant; `fewer` says of what one could choose fewer."""
    if not size.large:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UserError(f"{size.question(out)} Add --yes if you mean it, or choose fewer {fewer}.")
    say(f"{size.question(out)} Go on? [y/N]", error=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserError("Nothing was exported.")
