"""What a person may set once for all windows: each setting declared in one place, from which its dialog is drawn."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bool, str)


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting: `name` in the settings file, `title` and `what` (one sentence: what it does) in the dialog.

    `choices` (value -> words) where only some values make sense; a remembered value that is none of them, or of
    another type than `default`, counts as not there.
    """

    name: str
    title: str
    what: str
    default: T
    choices: dict[T, str] = field(default_factory=dict)

    def of_text(self, text: str) -> T:
        """The value that a settings file holds as `text`."""
        if isinstance(self.default, bool):
            return text == "True" if text in ("True", "False") else self.default
        return self.default if self.choices and text not in self.choices else text


SCHEME = Setting(
    "scheme",
    "Colors of the window",
    "Pictures are easier to judge on dark ground.",
    "dark",
    {"dark": "dark", "light": "light", "system": "as the system"},
)
ANNOTATOR = Setting(
    "annotator", "Who tags", "This name stands beside your tags. Empty: your name on this computer.", ""
)
DEVICE = Setting(
    "device",
    "Networks run on",
    "For the next network that is opened.",
    "auto",
    {"auto": "the graphics card, where there is one", "cpu": "the processor"},
)
LAST_SESSION = Setting(
    "restore", "Go on where you were", "The window opens with the network and the folder of the last time.", True
)
INDEX = Setting(
    "index",
    "Index the folder",
    "What every filter answers on every picture is computed in the background while you do not walk: it gives the "
    "scale that stays, orders and statistics.",
    True,
)
MUTE_WITH = Setting(
    "mute_with",
    "Filters are muted",
    "What stands for the map of a muted filter. Means and maps of other pictures come from its complete index.",
    "zero",
    {
        "zero": "with zero",
        "mean": "with their mean map",
        "constant": "with their mean value",
        "resample": "with other pictures' maps",
    },
)

SETTINGS: tuple[Setting[bool] | Setting[str], ...] = (SCHEME, ANNOTATOR, DEVICE, LAST_SESSION, INDEX, MUTE_WITH)
"""All of them, in the order of the dialog."""
