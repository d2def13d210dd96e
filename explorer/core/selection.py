"""Which filters and which pictures a person means: `7`, `7:8`, `7:3-12`, `5-7`, `all`, `tag:hair`."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.images import one_line
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.words import tagged

Range = tuple[int, int]
"""First and last number, both included."""

_NUMBER = r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?"
_LAYERS = re.compile(rf"{_NUMBER}(?:\s*:\s*{_NUMBER})?", re.ASCII)
_FORMS = "write layers and filters as in 7, 7:8, 7:3-12, 5-7, all, or a tag as in tag:hair"


@dataclass(frozen=True)
class Selector:
    """One word of a selection: layers, and filters of each of them; or a tag; None and "" mean every one."""

    layers: Range | None = None
    filters: Range | None = None
    tag: str = ""

    def __str__(self) -> str:
        if self.tag:
            return f"tag:{self.tag}"
        if self.layers is None:
            return "all"
        return _written(self.layers) + (f":{_written(self.filters)}" if self.filters else "")


def parse_filters(text: str) -> tuple[Selector, ...]:
    """The selectors of a list such as `7,7:8,5:0-3,tag:hair`; UserError where one cannot be read.

    A word that is neither `all` nor a number is a tag, with or without `tag:` before it. A tag that holds a comma
    cannot be written in a list.
    """
    words = [word.strip() for word in text.split(",")]
    chosen = tuple(_selector(word) for word in words if word)
    if not chosen:
        raise UserError(f"No filters are chosen: {_FORMS}.")
    return chosen


def choose_filters(
    selectors: Sequence[Selector], layers: Sequence[LayerInfo], tags: TagBook | None = None
) -> tuple[FilterKey, ...]:
    """The filters that are meant, in the order of the selectors, each once.

    UserError where a layer, a filter or a tag does not exist, or a tag is named and there are no tags.
    """
    chosen: dict[FilterKey, None] = {}
    for selector in selectors:
        selector = _of_name(selector, layers)
        keys = _tagged(selector.tag, tags) if selector.tag else _numbered(selector, layers)
        chosen.update(dict.fromkeys(keys))
    return tuple(chosen)


def _of_name(selector: Selector, layers: Sequence[LayerInfo]) -> Selector:
    """The selector with a layer's number where it is the layer's name (`features.17`, `features.17:3-12`)."""
    index_of = {layer.name: layer.index for layer in layers}
    name, _, filters = selector.tag.rpartition(":") if selector.tag not in index_of else (selector.tag, "", "")
    match = re.fullmatch(_NUMBER, filters, re.ASCII)
    if name not in index_of or (filters and not match):
        return selector
    filter_range = _range(selector.tag, match[1], match[2]) if match else None
    return Selector((index_of[name], index_of[name]), filter_range)


def choose_pictures(pictures: Sequence[Path], names: Sequence[str] = (), first: int | None = None) -> tuple[Path, ...]:
    """The pictures of these names in their order, each once; without names the first ones, or all.

    A name is a file name, with or without its ending, or the end of a path (`benign/a.jpg`), whatever the case.
    UserError where a name fits no picture or several, or nothing is left.
    """
    chosen: dict[Path, None] = {}
    if not names:
        chosen.update(dict.fromkeys(pictures[:first]))
    for name in names:
        chosen[_picture(name, pictures)] = None
    if not chosen:
        raise UserError("No pictures are chosen; name some, or choose a folder that holds pictures.")
    return tuple(chosen)


def picture_names(text: str, pictures: Sequence[Path]) -> list[str]:
    """The names in a list such as `a.jpg,b.jpg`; one that holds a comma is one where a picture is called so."""
    words = text.split(",")
    with_commas = any("," in str(path) for path in pictures)
    names, start = [], 0
    while start < len(words):
        longest = len(words) if with_commas else start + 1
        while longest > start + 1 and not _fits(",".join(words[start:longest]).strip(), pictures):
            longest -= 1
        names.append(",".join(words[start:longest]).strip())
        start = longest
    return [name for name in names if name]


def _selector(word: str) -> Selector:
    if word.casefold() == "all":
        return Selector()
    if word.casefold().startswith("tag:"):
        tag = word[4:].strip()
        if not tag:
            raise UserError(f'"{word}" names no tag; write it as in tag:hair.')
        return Selector(tag=tag)
    match = _LAYERS.fullmatch(word)
    if match:
        layers = _range(word, match[1], match[2])
        return Selector(layers, _range(word, match[3], match[4]) if match[3] else None)
    if word[0].isalpha():
        return Selector(tag=word)
    raise UserError(f'"{word[:40]}" names no filters; {_FORMS}.')


def _range(word: str, first: str, last: str | None) -> Range:
    start, end = int(first), int(last or first)
    if end < start:
        raise UserError(f'"{word}" counts backwards; write the smaller number first.')
    return start, end


def _written(numbers: Range) -> str:
    return str(numbers[0]) if numbers[0] == numbers[1] else f"{numbers[0]}-{numbers[1]}"


def _numbered(selector: Selector, layers: Sequence[LayerInfo]) -> list[FilterKey]:
    first, last = selector.layers or (0, len(layers) - 1)
    if last >= len(layers):
        raise UserError(f"{selector}: there is no layer {last}; the layers of this network are 0 to {len(layers) - 1}.")
    keys = []
    for layer in layers[first : last + 1]:
        low, high = selector.filters or (0, layer.filters - 1)
        if high >= layer.filters:
            raise UserError(
                f"{selector}: there is no filter {high} in layer {layer.index} ({layer.name}); "
                f"its filters are 0 to {layer.filters - 1}."
            )
        keys += [FilterKey(layer.index, number) for number in range(low, high + 1)]
    return keys


def _tagged(word: str, tags: TagBook | None) -> list[FilterKey]:
    if tags is None:
        raise UserError(f'"{word}" is a tag, but there are no tags; name their file (--tags).')
    keys = tagged(tags, word)
    if not keys:
        words = sorted({tag.tag for _, tag in tags.entries()})
        in_use = f"the tags in use are {', '.join(words)}" if words else "no filter has a tag yet"
        raise UserError(f'No filter has the tag "{word}"; {in_use}.')
    return keys


def _fits(name: str, pictures: Sequence[Path]) -> list[Path]:
    wanted = _parts(name)
    fits = [path for path in pictures if _parts(str(path))[-len(wanted) :] == wanted]
    return fits or [path for path in pictures if _parts(str(path.with_suffix("")))[-len(wanted) :] == wanted]


def _picture(name: str, pictures: Sequence[Path]) -> Path:
    fits = _fits(name, pictures)
    if len(fits) > 1:
        raise UserError(
            f'"{one_line(name)}" fits {len(fits)} pictures, such as {one_line(str(fits[0]))} and '
            f"{one_line(str(fits[1]))}; write more of the path."
        )
    if not fits:
        near = difflib.get_close_matches(name, [path.name for path in pictures[:20_000]], 3)
        hint = f"; near names are {', '.join(map(one_line, near))}" if near else ""
        raise UserError(f'There is no picture "{one_line(name)}" among the {len(pictures):,} pictures{hint}.')
    return fits[0]


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\\/]", path.casefold()) if part not in ("", "."))
