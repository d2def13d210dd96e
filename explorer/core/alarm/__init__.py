"""Which artifacts go with a class in a folder, and which of them the network's score follows."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.alarm.finding import Finding, Following, Rests
    from explorer.core.alarm.likely_pictures import likely_pictures
    from explorer.core.alarm.outcome import Alarm, Asked
    from explorer.core.alarm.screening import alarm, sound

__all__ = ["Alarm", "Asked", "Finding", "Following", "Rests", "alarm", "likely_pictures", "sound"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "finding": ["Finding", "Following", "Rests"],
        "outcome": ["Alarm", "Asked"],
        "likely_pictures": ["likely_pictures"],
        "screening": ["alarm", "sound"],
    },
)
