"""What a network would say if pictures had been taken otherwise: darker, from nearer, without hair, with a ruler."""

from explorer.core.what_if.artifacts import Laid
from explorer.core.what_if.change import Change
from explorer.core.what_if.folder import ScoreChange, WhatIf, what_if

__all__ = ["Change", "Laid", "ScoreChange", "WhatIf", "what_if"]
