"""What the subcommands share: the device, and a flag for every setting of a recipe."""

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from trainer.console.error_boundary import PlainHelp
from trainer.console.numbers import any_number, whole_number
from trainer.devices.names import CHOICES, device_argument
from trainer.files.printing import say
from trainer.training.presets import PRESETS
from trainer.training.recipe import SETTINGS, Recipe, groups
from trainer.training.settings_file import read_settings


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument("--device", type=device_argument, default="auto", metavar="NAME", help=CHOICES)


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --recipe, --settings, one flag for each setting, and --help-settings, which says what each is for.

    --help names the flags alone, so that it fits a screen.
    """
    parser.formatter_class = _WholeWords
    parser.usage = f"{parser.prog} [options] [settings]"
    recipes = parser.add_argument("--recipe", choices=tuple(PRESETS), default="paper", metavar="NAME")
    recipes.help = f"where the settings start from: {', '.join(PRESETS)}"
    parser.add_argument("--settings", type=Path, metavar="FILE", help="TOML file of settings that override the recipe")
    parser.add_argument("--help-settings", action=_HelpSettings, help="say what each of the settings below is for")
    for group, fields in groups().items():
        names = " ".join(f"--{part.name.replace('_', '-')}" for part in fields)
        section = parser.add_argument_group(f"settings: {group}", names)
        for part in fields:
            section.add_argument(
                f"--{part.name.replace('_', '-')}",
                dest=part.name,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
                **_kind_of_flag(SETTINGS[part.name][1]),
            )


class _WholeWords(PlainHelp):
    """argparse's, which would break a flag at its hyphens."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = textwrap.wrap(" ".join(text.split()), width - len(indent), break_on_hyphens=False)
        return "\n".join(f"{indent}{line}" for line in lines)


class _HelpSettings(argparse.Action):
    """Prints every setting with its default and what it is for, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_given: Any) -> None:
        """Print them."""
        for group, fields in groups().items():
            say(f"{group}:")
            for part in fields:
                kind = _kind_of_flag(SETTINGS[part.name][1])
                choices = f" {'|'.join(kind['choices'])}" if "choices" in kind else ""
                say(f"  --{part.name.replace('_', '-')}{choices}: {part.metadata['help']} ({part.default})")
        parser.exit()


def _kind_of_flag(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if get_origin(kind) is tuple:
        return {"type": any_number, "nargs": len(get_args(kind)), "metavar": tuple("ABC"[: len(get_args(kind))])}
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    read, metavar = {int: (whole_number, "N"), float: (any_number, "X"), str: (str, "TEXT")}[kind]
    return {"type": read, "metavar": metavar}


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The recipe that `add_recipe_arguments` describes: flags override the file, the file overrides the recipe.

    Mean and std that neither names are those that weights of ImageNet expect, where such are asked for.
    """
    recipe, values = PRESETS[arguments.recipe], {}
    if arguments.settings:
        values = read_settings(arguments.settings)
        values.pop("cohort", None)  # a run's own settings.toml says this too
        recipe = recipe.with_settings(values, str(arguments.settings))
    given = {name: value for name, value in vars(arguments).items() if name in SETTINGS}
    recipe = recipe.with_settings(given, "The command line")
    if recipe.network.weights != "imagenet" or {"mean", "std"} & {*values, *given}:
        return recipe

    from trainer.networks.imagenet_weights import normalisation

    expected = normalisation(recipe.network.architecture)
    return recipe.with_settings({"mean": expected[0], "std": expected[1]}, "ImageNet") if expected else recipe
