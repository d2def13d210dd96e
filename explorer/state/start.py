"""What a window is opened with; imports nothing heavy, because the first paint waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.networks.input_spec import InputSpec
    from trainer.pictures.column_choice import Wanted


@dataclass(frozen=True)
class Start:
    """What the command line asks to open, with what the columns of `labels` hold; `demo`: the bundled demo.

    `compare` is a second network, opened beside the first.
    """

    model: Path | None = None
    images: Path | None = None
    labels: Path | None = None
    columns: "Wanted | None" = None
    tags: Path | None = None
    architecture: str | None = None
    classes: Sequence[str] | None = None
    input: "InputSpec | None" = None
    outputs: str | None = None
    key: str | None = None
    device: str = "auto"
    demo: bool = False
    compare: Path | None = None
