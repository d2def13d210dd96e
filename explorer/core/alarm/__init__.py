"""Which artifacts go with a class in a folder, and which of them the network's score follows."""

from explorer.core.alarm.finding import Finding, Following, Rests
from explorer.core.alarm.likely_pictures import likely_pictures
from explorer.core.alarm.search import Alarm, alarm, sound

__all__ = ["Alarm", "Finding", "Following", "Rests", "alarm", "likely_pictures", "sound"]
