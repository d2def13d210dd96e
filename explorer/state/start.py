"""What a window is opened with; imports nothing heavy, because the first paint waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.networks.input_spec import InputSpec


@dataclass(frozen=True)
class Start:
    """What the command line asks to open; `demo` names the folder of the bundled demo."""

    model: Path | None = None
    images: Path | None = None
    labels: Path | None = None
    tags: Path | None = None
    architecture: str | None = None
    classes: Sequence[str] | None = None
    input: "InputSpec | None" = None
    outputs: str | None = None
    key: str | None = None
    device: str = "auto"
    demo: bool = False
