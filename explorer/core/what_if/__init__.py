"""What a network would say if pictures had been taken otherwise: darker, from nearer, without hair, with a ruler."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.what_if.artifacts import Laid
    from explorer.core.what_if.change import Change
    from explorer.core.what_if.folder import ScoreChange, WhatIf, what_if

__all__ = ["Change", "Laid", "ScoreChange", "WhatIf", "what_if"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "artifacts": ["Laid"],
        "change": ["Change"],
        "folder": ["ScoreChange", "WhatIf", "what_if"],
    },
)
