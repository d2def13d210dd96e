"""What a saved text of transforms or settings says: `Compose(Resize(256) ... Normalize(mean=[...], std=[...]))`."""

import re
from collections.abc import Mapping

_LONGEST = 2**16
_ROW = r"[\[(][-\d.,eE\s]{1,200}[\])]"
_SIDES = rf"({_ROW}|\d{{1,4}})"
_BOTH = r"[^()]{0,200}?height=(\d{1,4}),\s?width=(\d{1,4})"
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "mean": (rf"\bmean['\"]?\s?[=:]\s?({_ROW})", rf"\bNormalize\(\s?({_ROW})"),
    "std": (rf"\bstd['\"]?\s?[=:]\s?({_ROW})", rf"\bNormalize\(\s?{_ROW},\s?({_ROW})"),
    "crop": (
        rf"\bCenterCrop\(\s?(?:size=)?{_SIDES}",
        rf"\bCenterCrop\({_BOTH}",
        rf"['\"]CenterCrop['\"],\s?crop_size={_SIDES}",
    ),
    "resize": (rf"\bResize\(\s?(?:size=)?{_SIDES}", rf"\bResize\({_BOTH}"),
    "to_rgb": (r"\b(?:bgr_)?to_rgb['\"]?\s?[=:]\s?(True|False)",),
}
"""What is looked for, by the key under which a script would keep it by itself."""


def settings_in(text: str) -> dict[str, object]:
    """What a text says once of a picture's way to the network; what it says twice, differently, is left out."""
    if len(text) > _LONGEST or not re.search(r"Normalize|Resize|CenterCrop|img_norm|mean", text):
        return {}
    settings: dict[str, object] = {}
    for key, patterns in _SETTINGS.items():
        found = {match.groups() for pattern in patterns for match in re.finditer(pattern, text)}
        if len(found) == 1:
            (groups,) = found
            settings[key] = groups[0] == "True" if key == "to_rgb" else ", ".join(groups)
    return settings
