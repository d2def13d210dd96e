"""What the subcommands share: the device, a progress bar, and a flag for every setting of a recipe."""

import argparse
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from tqdm import tqdm

from trainer.devices.names import CHOICES, device_argument
from trainer.training.presets import PRESETS
from trainer.training.recipe import SETTINGS, Recipe, groups, read_settings


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument("--device", type=device_argument, default="auto", metavar="NAME", help=CHOICES)


def progress(description: str, total: int, unit: str = "it", done: int = 0) -> "tqdm[Any]":
    """A progress bar on standard error; silent where that is no terminal."""
    return tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=f" {unit}",
        file=sys.stderr,
        disable=None,
        dynamic_ncols=True,
        mininterval=0.2,
    )


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --recipe, --settings and one flag for each setting."""
    parser.add_argument("--recipe", choices=tuple(PRESETS), default="paper", help="where the settings start from")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="TOML file of settings that override the recipe")
    for group, fields in groups().items():
        section = parser.add_argument_group(f"{group}, overriding recipe and file")
        for part in fields:
            section.add_argument(
                f"--{part.name.replace('_', '-')}",
                dest=part.name,
                default=argparse.SUPPRESS,
                help=part.metadata["help"].replace("%", "%%"),
                **_kind_of_flag(SETTINGS[part.name][1]),
            )


def _kind_of_flag(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is tuple:
        return {"type": float, "nargs": len(get_args(kind)), "metavar": tuple("ABC"[: len(get_args(kind))])}
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    return {"type": kind, "metavar": {int: "N", float: "X", str: "TEXT"}[kind]}


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The recipe that `add_recipe_arguments` describes: flags override the file, the file overrides the recipe."""
    recipe = PRESETS[arguments.recipe]
    if arguments.settings:
        values = read_settings(arguments.settings)
        values.pop("cohort", None)  # a run's own settings.toml says this too
        recipe = recipe.with_settings(values, str(arguments.settings))
    given = {name: value for name, value in vars(arguments).items() if name in SETTINGS}
    return recipe.with_settings(given, "The command line")
