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
    if "crop" not in settings and re.search(r"Random(Resized|Sized)?Crop", text):
        settings.pop("resize", None)  # what is cut at random in training says nothing of how pictures are cut later
    return settings


def settings_of(texts: Mapping[str, str]) -> dict[str, tuple[str, object]]:
    """What texts say together, by its key, with where it stands: `texts` are by their dotted keys.

    What belongs together is never mixed: texts of validation count before others, those that cut at the centre before
    those that do not, those of training last. What is contradicted among texts that count alike is left out.
    """
    found = {path: settings for path, text in texts.items() if (settings := settings_in(text))}
    together: dict[str, tuple[str, object]] = {}
    for group in (("crop", "resize"), ("mean", "std"), ("to_rgb",)):
        saying = {
            path: own for path, settings in found.items() if (own := {k: v for k, v in settings.items() if k in group})
        }
        first, *others = _foremost(saying) or [""]
        for key, value in saying.get(first, {}).items():
            if all(saying[other].get(key) == value for other in others):
                together[key] = (first, value)
    return together


def is_of_evaluation(path: str) -> bool:
    """Whether a dotted key speaks of validation, test or use."""
    return _speaks_of("val(id(ation)?)?|test(ing)?|eval(uation)?|inference", path)


def is_of_training(path: str) -> bool:
    """Whether a dotted key speaks of training."""
    return _speaks_of("train(ing)?", path)


def _speaks_of(words: str, path: str) -> bool:
    return re.search(rf"(^|[^a-z])({words})(?=$|[^a-z]|trans|tfm|pipe|aug)", path.lower()) is not None


def _foremost(saying: Mapping[str, Mapping[str, object]]) -> list[str]:
    """The keys of the texts that count before all others."""
    later = [path for path in saying if not is_of_training(path)]
    ranks = (
        [path for path in saying if is_of_evaluation(path)],
        [path for path in later if "crop" in saying[path]],
        later,
        [path for path in saying if "crop" in saying[path]],
        list(saying),
    )
    return next((paths for paths in ranks if paths), [])
