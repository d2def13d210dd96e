"""`feature-explorer occlude`: what covering parts of a picture does to a class or to filters."""

import argparse
from typing import TYPE_CHECKING, Any

from explorer.commands.attribution_job import AttributionJob, add_output_arguments, add_picture_arguments, checked_style
from explorer.commands.common import add_network_arguments, network_of
from explorer.core.attribution.occlusion.lens import OCCLUSION, occluder_of
from trainer.console.numbers import at_least_one

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.progress import OnStep


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `occlude` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "occlude",
        help="measure what covering parts of a picture changes",
        description="Cover every part of a picture in turn and write how much a class's score or a filter's answer "
        "falls (.npz). A folder that was interrupted goes on where it stopped.",
    )
    add_network_arguments(parser)
    add_picture_arguments(parser)
    parser.add_argument(
        "--target",
        required=True,
        help="class:NAME (its logit), probability:NAME, filter:7:8 (its peak), filter:7:8:mean, filter:7:8:at:ROW,COL, "
        "or all (the peaks of all filters)",
    )
    parser.add_argument("--size", type=at_least_one, default=16, help="of the patch, in pixels of the input (16)")
    parser.add_argument("--stride", type=at_least_one, default=8, help="of its walk (8)")
    parser.add_argument("--fill", default="mean", help="mean, blur, surround, a number, or a color: 0.8,0.6,0.5")
    add_output_arguments(parser)
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, 1 where a picture failed, or a UserError where all did."""
    if arguments.figures and arguments.target == "all":
        arguments.wrong_usage("--figures needs a target of one number, not all")
    style = checked_style(arguments)
    fill = next(setting for setting in OCCLUSION.settings if setting.name == "fill").given(arguments.fill)
    settings = {"size": arguments.size, "stride": arguments.stride, "fill": fill}
    occluder = occluder_of(settings)
    network = network_of(arguments)

    def compute(rgb: "RGB", described: dict[str, Any], on_step: "OnStep") -> tuple[bytes, str]:
        from explorer.core.attribution.occlusion.result_file import packed
        from explorer.core.attribution.occlusion.sensitivity import occlude

        occlusion = occlude(network, rgb, arguments.target, occluder, on_step=on_step)
        return packed(occlusion, described), occlusion.method

    job = AttributionJob(
        "occluding",
        OCCLUSION,
        network,
        arguments.target,
        settings,
        compute,
        arguments.figures,
        style,
        arguments.limit,
        arguments.force,
        {},
    )
    return job.run(arguments)
