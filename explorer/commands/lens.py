"""`feature-explorer lens`: a picture through any lens, with the lens's settings as options."""

import argparse
import math
from typing import TYPE_CHECKING, Any

from explorer.commands.attribution_job import AttributionJob, add_output_arguments, add_picture_arguments, checked_style
from explorer.commands.common import add_network_arguments, network_of
from explorer.commands.lens_compared import add_compare_arguments, run_compared
from explorer.commands.lens_sheet import add_sheet
from explorer.core.attribution import LENSES, AttributionMap
from explorer.core.attribution.lens import FORMS, Lens, Setting
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from explorer.core.arrays import RGB


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lens` with one subcommand for each lens; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "lens",
        help="show what a class or a filter leans on in a picture",
        description="Write what a target leans on in each picture (.npz), through one of these lenses. A folder that "
        "was interrupted goes on where it stopped.",
    )
    lenses = parser.add_subparsers(dest="lens", metavar="LENS", required=True)
    for name, lens in LENSES.items():
        _add_lens(lenses.add_parser(name, help=lens.about, description=f"{lens.title}: {lens.about}."), lens)
    add_sheet(lenses)


def _add_lens(parser: argparse.ArgumentParser, lens: Lens) -> None:
    add_network_arguments(parser)
    add_picture_arguments(parser, required=lens.of_picture)
    parser.add_argument("--target", required=True, help=", ".join(FORMS[kind] for kind in lens.targets))
    for setting in lens.settings:
        parser.add_argument(f"--{setting.name}", metavar="VALUE", help=f"{setting.about} ({_default(setting)})")
    parser.add_argument(
        "--randomised",
        action="store_true",
        help="shuffle the network's weights first, and say how much the map is like that on the weights that were "
        "learned: what is still shown was not learned (Adebayo 2018)",
    )
    add_compare_arguments(parser, lens)
    add_output_arguments(parser)
    parser.set_defaults(run=run, wrong_usage=parser.error)


def _default(setting: Setting) -> str:
    return next((title for value, title in setting.offered if value == setting.default), str(setting.default))


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, 1 where a picture failed, or a UserError where all did."""
    lens = LENSES[arguments.lens]
    style = checked_style(arguments)
    lens.check_target(arguments.target)
    words = {setting: getattr(arguments, setting.name) for setting in lens.settings}
    settings = lens.complete({setting.name: setting.given(text) for setting, text in words.items() if text is not None})
    if arguments.second_target and arguments.compare is None:
        arguments.wrong_usage("--second-target belongs to --compare")
    learned, about = network_of(arguments), {"lens": lens.name}
    network = learned
    if arguments.compare is not None:
        if arguments.randomised:
            arguments.wrong_usage("--compare and --randomised do not go together")
        of_both: dict[str, Any] = {
            "doing": lens.title,
            "lens": lens,
            "network": learned,
            "target": arguments.target,
            "settings": settings,
            "figures": arguments.figures,
            "style": style,
            "limit": arguments.limit,
            "force": arguments.force,
            "about": about,
        }
        return run_compared(arguments, lens, settings, learned, of_both)
    if arguments.randomised:
        from explorer.core.attribution.randomised import shuffled

        about["randomised"] = learned.digest
        network = shuffled(learned)
    cached: list[tuple[AttributionMap, dict[str, Any]]] = []

    def look(rgb: "RGB", on_step: OnStep) -> "tuple[AttributionMap, dict[str, Any]]":
        """The map, and what is said of it beside its description."""
        attribution = lens.compute(network, rgb, arguments.target, settings, on_step, None)
        if not arguments.randomised:
            return attribution, {}
        from explorer.core.attribution.randomised import rank_correlation

        of_learned = lens.compute(learned, rgb, arguments.target, settings, on_step, None)
        alike = rank_correlation(attribution.map, of_learned.map)
        return attribution, {"rank_correlation": None if math.isnan(alike) else alike}

    def compute(rgb: "RGB", described: dict[str, Any], on_step: OnStep) -> tuple[bytes, str]:
        from explorer.core.attribution.result_file import packed

        attribution, more = cached[0] if cached else look(rgb, on_step)
        if not lens.of_picture and not cached:
            cached.append((attribution, more))  # it is the same for all pictures
        return packed(attribution, described | more), attribution.method

    job = AttributionJob(
        lens.title,
        lens,
        network,
        arguments.target,
        settings,
        compute,
        arguments.figures,
        style,
        arguments.limit,
        arguments.force,
        about,
    )
    return job.run(arguments)
