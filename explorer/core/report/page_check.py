"""A page held against the one that its numbers make: words and elements line by line, pictures by their pixels."""

import base64
import binascii
import html
import io
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.report.difference import Difference
from explorer.core.report.page import without_facts

MOST = 100
"""Differences of a page that are listed one by one."""
LONGEST = 4000
"""Lines up to which it is looked for what was put in or taken out."""
BLOCK, WHOLE_APART, BLOCK_APART = 8, 1.0, 16.0
"""By how many of 255 levels two pictures may differ on average: over all, and in a block of so many pixels.

Another processor moves an overlay by a level, and JPEG rounds it.
"""
_IMAGE = re.compile(r'(<img src=")(data:image/jpeg;base64,[A-Za-z0-9+/=]*)(" alt="([^"]*)">)')
_HEADING = re.compile(r"<h[1-4][^>]*>(.*)</h[1-4]>")
_ELEMENT = re.compile(r"<[^<>]*>")

Lines = list[str]


def page_differences(page: str, again: str) -> list[Difference]:
    """Where the text of a page differs from that of the page that is made `again`, in words for a person.

    The facts inside are left out; pictures are compared by what they show.
    """
    lines, lines_again = (without_facts(text).splitlines() for text in (page, again))
    bare, bare_again = ([_IMAGE.sub(r"\1\3", line) for line in side] for side in (lines, lines_again))
    found = list(_lines(bare, bare_again))
    found += _pictures("\n".join(lines), "\n".join(lines_again))
    more = len(found) - MOST
    return found if more <= 0 else [*found[:MOST], Difference("the page", f"{more:,} more", "otherwise")]


def _lines(page: Lines, again: Lines) -> Iterator[Difference]:
    headings = _headings(again)
    start = _alike(page, again)
    end = _alike(page[start:][::-1], again[start:][::-1])
    cut, cut_again = page[start : len(page) - end], again[start : len(again) - end]
    if len(cut) == len(cut_again) or max(len(cut), len(cut_again)) > LONGEST:
        parts = [("replace", 0, len(cut), 0, len(cut_again))]
    else:
        parts = list(SequenceMatcher(None, cut, cut_again).get_opcodes())
    for kind, first, last, first_again, last_again in parts:
        if kind == "equal":
            continue
        pairs = min(last - first, last_again - first_again)
        for row in range(pairs):
            if cut[first + row] != cut_again[first_again + row]:
                place = headings[start + first_again + row]
                yield _difference(place, cut[first + row], cut_again[first_again + row])
        place = headings[min(start + first_again + pairs, len(again) - 1)]
        if first + pairs < last:
            yield _difference(place, "\n".join(cut[first + pairs : last]), "")
        if first_again + pairs < last_again:
            yield _difference(place, "", "\n".join(cut_again[first_again + pairs : last_again]))


def _difference(heading: str, line: str, line_again: str) -> Difference:
    texts = [_text(side) for side in (line, line_again)]
    if texts[0] == texts[1]:  # how it looks differs, or what is hidden
        texts = [line.strip(), line_again.strip()]
    reported, found = (f'"{text}"' if text else "nothing" for text in texts)
    return Difference(f'the page, under "{heading}"' if heading else "the page", reported, found)


def _text(line: str) -> str:
    return " ".join(html.unescape(_ELEMENT.sub(" ", line)).split())


def _headings(lines: Lines) -> Lines:
    """Under which heading each line stands."""
    headings, heading = [], ""
    for line in lines:
        match = _HEADING.search(line)
        heading = _text(match[1]) if match else heading
        headings.append(heading)
    return headings


def _alike(page: Lines, again: Lines) -> int:
    """How many lines at the beginning are the same."""
    both = zip(page, again, strict=False)
    return next((row for row, (line, other) in enumerate(both) if line != other), min(len(page), len(again)))


def _pictures(page: str, again: str) -> Iterator[Difference]:
    shown: dict[str, list[str]] = {}
    for match in _IMAGE.finditer(page):
        shown.setdefault(match[4], []).append(match[2])
    seen: set[str] = set()
    for match in _IMAGE.finditer(again):
        own, name = match[2], match[4]
        if name in seen:
            continue
        seen.add(name)
        others = [uri for uri in shown.get(name, []) if uri != own]
        if any(not _same_picture(uri, own) for uri in others):
            place = f'the picture "{html.unescape(name)}"'
            yield Difference(place, "another picture", "the one that is drawn of these files")


def _same_picture(uri: str, own: str) -> bool:
    expected, other = _pixels(own), _pixels(uri)
    if expected is None or other is None or expected.shape != other.shape:
        return False
    apart = np.abs(expected - other)
    height, width = (side - side % BLOCK for side in apart.shape[:2])
    blocks = apart[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, -1).mean(axis=(1, 3, 4))
    return bool(apart.mean() <= WHOLE_APART and blocks.max(initial=0) <= BLOCK_APART)


def _pixels(uri: str) -> npt.NDArray[np.float32] | None:
    try:
        data = base64.b64decode(uri.partition(",")[2], validate=True)
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > 4_000_000:  # none of ours is nearly as large
                return None
            return np.asarray(image.convert("RGB"), np.float32)
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
        return None
