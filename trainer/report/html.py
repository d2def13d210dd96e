"""The few elements that a report's page is made of; every text is escaped here."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from trainer.measures.bootstrap import Measure
from trainer.report.style import COLORS, GREY, GRID_LINE, INK, PAPER, spoken

Cell = str | int | float | Measure | None

_DARKENED = {
    INK: "var(--ink)",
    GREY: "var(--grey)",
    GRID_LINE: "var(--grid)",
    PAPER: "var(--paper)",
    COLORS[0]: "var(--blue)",
}


def element(tag: str, *children: str, of: str = "") -> str:
    """An element of class `of` around HTML that is safe already."""
    opening = f'<{tag} class="{of}">' if of else f"<{tag}>"
    return f"{opening}{''.join(children)}</{tag}>"


def paragraph(text: str, of: str = "") -> str:
    """A paragraph of plain text."""
    return element("p", html.escape(text), of=of)


def heading(text: str) -> str:
    """The page's own heading."""
    return element("h1", html.escape(text))


def section(title: str, *children: str) -> str:
    """A heading and what stands below it."""
    return element("section", element("h2", html.escape(title)), *children) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "") -> str:
    """A table; numbers and measures stand to the right, each measure with its interval."""
    body = [list(row) for row in rows]
    if not body:
        return ""
    right = [any(not isinstance(row[place], str) for row in body) for place in range(len(head))]
    titles = [element("th", html.escape(name), of="number" if right[place] else "") for place, name in enumerate(head)]
    lines = [
        element("tr", *(_cell(cell, right[place]) for place, cell in enumerate(row)))
        for row in body
    ]  # fmt: skip
    return element(
        "div",
        element(
            "table",
            element("caption", html.escape(caption)) if caption else "",
            element("thead", element("tr", *titles)),
            element("tbody", *lines),
        ),
        of="scroll",
    )


def _cell(cell: Cell, right: bool) -> str:
    return element("td", html.escape(written(cell)), of="number" if right else "long")


def written(cell: Cell) -> str:
    """A value as text: measures with interval and n, whole numbers with separators."""
    if isinstance(cell, Measure):
        return f"{spoken(cell)}, n = {cell.n:,}"
    if cell is None:
        return "–"
    if isinstance(cell, bool | str):
        return str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"


def headline(values: Iterable[tuple[str, str, str]]) -> str:
    """The few numbers that stand on top: (name, value, what stands below it)."""
    shown = []
    for name, value, below in values:
        number = element("dd", html.escape(value), element("small", html.escape(below)))
        shown.append(element("div", element("dt", html.escape(name)), number))
    return element("dl", *shown, of="headline")


def folded(summary: str, content: str) -> str:
    """Content that opens on a click."""
    return element("details", element("summary", html.escape(summary)), content)


class Figures:
    """The figures of a page by name, numbered as they come."""

    def __init__(self, svgs: Mapping[str, str]) -> None:
        self._svgs, self._count = svgs, 0

    def __call__(self, name: str, caption: str) -> str:
        """The next figure; nothing where there is none of this name."""
        if name not in self._svgs:
            return ""
        self._count += 1
        return _figure(name, self._svgs[name], self._count, caption)

    def side_by_side(self, *figures: str) -> str:
        """Figures in a row, where the page is wide enough."""
        return element("div", *figures, of="figures")


def _figure(name: str, svg: str, number: int, caption: str) -> str:
    """A figure drawn into the page; its ids are made its own, and its greys follow the page's."""
    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"<!--.*?-->", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
    for color, variable in _DARKENED.items():
        drawing = drawing.replace(color, variable)
    label = html.escape(f"Figure {number}. {caption}", quote=True)
    drawing = re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" ', drawing, count=1)
    drawing = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", drawing, count=1)
    drawing = re.sub(r'(<svg [^>]*?) width="([^"]*)"', r'\1 style="max-width: \2"', drawing, count=1)
    return element("figure", drawing, element("figcaption", element("b", f"Figure {number}. "), html.escape(caption)))


def document(title: str, style: str, body: str, refresh: int = 0) -> str:
    """A whole page; with `refresh` it is read again after that many seconds."""
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{again}<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
