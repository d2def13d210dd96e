"""What a network would say if pictures had been taken otherwise: darker, under another light, from nearer."""

from explorer.core.what_if.change import Change
from explorer.core.what_if.folder import ScoreChange, WhatIf, what_if

__all__ = ["Change", "ScoreChange", "WhatIf", "what_if"]
