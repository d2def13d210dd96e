"""The templates of the pages that people get; what they are given is escaped, whatever it holds."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def rendered(name: str, filters: Mapping[str, Callable[..., Any]], **given: Any) -> str:
    """The template of this name in `resources/report`, with the style sheet of all reports as `style`."""
    environment = Environment(
        loader=PackageLoader("resources", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    _, style = sources_of(name)
    return environment.get_template(name).render(style=style, **given)


def sources_of(name: str) -> tuple[str, str]:
    """The text of a template of `resources/report`, and of the style sheet of all reports."""
    folder = files("resources").joinpath("report")
    return folder.joinpath(name).read_text("utf-8"), folder.joinpath("style.css").read_text("utf-8")
