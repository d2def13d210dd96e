"""The program's own pages, as they lie on this computer."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "feature-map-explorer"
FIRST = (
    "window",
    "evidence",
    "lenses",
    "lenses-computed",
    "occlusion",
    "muting",
    "suggestions",
    "concepts",
    "alarm",
    "opening",
    "onnx",
    "labels",
    "tags-file",
    "index-file",
    "evidence-report",
    "cohort",
    "training",
    "report",
    "demo-network",
)
"""The order of the pages; those that are not named here follow."""


@dataclass(frozen=True)
class ManualPage:
    """A page: its Markdown file, its title, and the titles of its sections."""

    path: Path
    title: str
    sections: tuple[str, ...]


def manual_pages(folder: Path | None = None) -> list[ManualPage]:
    """The pages of a folder, of the program's own without one; none where they did not come with it."""
    directory = folder or _folder()
    paths = sorted(directory.glob("*.md")) if directory is not None else []
    rank = {name: number for number, name in enumerate(FIRST)}
    return [_page(path) for path in sorted(paths, key=lambda path: (rank.get(path.stem, len(rank)), path.stem))]


def _page(path: Path) -> ManualPage:
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^(#{1,2}) +(.+?) *$", text, re.MULTILINE)
    first = next((plain(words) for level, words in titles if level == "#"), path.stem)
    return ManualPage(path, first, tuple(plain(words) for level, words in titles if level == "##"))


def plain(words: str) -> str:
    """A line of Markdown as it is read."""
    return re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", words)


def _folder() -> Path | None:
    """The checkout's docs, or where the installed distribution put them."""
    beside = Path(__file__).parents[2] / "docs"
    if beside.is_dir():
        return beside
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return None
    pages = [file for file in files if file.suffix == ".md" and file.parent.name == DISTRIBUTION]
    return Path(str(pages[0].locate())).resolve().parent if pages else None
