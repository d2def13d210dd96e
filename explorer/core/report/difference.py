"""Where two pieces of JSON differ, and what of one stands when it is rounded as the other."""

from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-3
"""By how much of itself a number may differ: other processors and batches round in other places."""
LEAST = 1e-6
"""Below this, numbers are all the same."""


@dataclass(frozen=True)
class Difference:
    """A place of a report, in its numbers or on its page, where something else is found now."""

    place: str
    reported: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.place}: the report says {_short(self.reported)}, it is {_short(self.found)}"


def differences(was: Any, now: Any, place: str = "", *, known_alone: bool = False) -> list[Difference]:
    """Where two pieces of JSON differ; numbers by more than `TOLERANCE`.

    With `known_alone`, names that `was` does not have are passed over.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        names = [*was, *(name for name in now if name not in was and not known_alone)]
        return [
            difference
            for name in names
            for difference in differences(
                was.get(name), now.get(name), f"{place} {name}".strip(), known_alone=known_alone
            )
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [
            difference
            for number, (old, new) in enumerate(zip(was, now, strict=True))
            for difference in differences(old, new, f"{place} {_name(old, number)}", known_alone=known_alone)
        ]
    return [] if _same(was, now) else [Difference(place, was, now)]


def as_rounded(now: Any, was: Any) -> Any:
    """`now` with the numbers of `was` where these are the same but for rounding."""
    if isinstance(was, dict) and isinstance(now, dict):
        return {name: as_rounded(value, was[name]) if name in was else value for name, value in now.items()}
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [as_rounded(new, old) for new, old in zip(now, was, strict=True)]
    return was if type(was) is type(now) and _same(was, now) else now


def _name(entry: Any, number: int) -> str:
    """What an entry of a list is about: its filter, class, word or picture, else its number from 1."""
    fields = ("filter", "picture", "class", "word", "name")
    names = [entry[name] for name in fields if isinstance(entry, dict) and isinstance(entry.get(name), str)]
    return str(names[0]) if names else str(number + 1)


def _same(was: Any, now: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (was, now))
    if numbers and (isinstance(was, float) or isinstance(now, float)):
        return bool(abs(was - now) <= max(LEAST, TOLERANCE * max(abs(was), abs(now))))
    return bool(was == now)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    text = f"{value:.6g}" if isinstance(value, float) else "nothing" if value is None else str(value)
    return text if len(text) <= 160 else f"{text[:160]}…"
