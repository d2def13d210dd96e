"""What to propose, or to ask, about weights that are those of a straight line."""

import re
from dataclasses import replace

from trainer.files.errors import UserError
from trainer.networks.candidate import Blueprint, OpeningQuestion
from trainer.networks.checkpoint import InputSpec
from trainer.networks.file_metadata import Said
from trainer.networks.matching import Tensors, shared, spellings, under
from trainer.networks.straight_line.arrangement import NAME, Arrangement
from trainer.networks.straight_line.network import StraightLine, fits, outputs_of
from trainer.networks.straight_line.reading import Line, read_line
from trainer.networks.straight_line.search import Proposal, other_sides, proposals

CLEAR = 4.0
"""How much more usual the first arrangement must be than the second to be proposed without a question."""
_MOST_CHOICES = 6
_MOST_CONVOLUTIONS = 24
"""In a straight line of more, gradients vanish: such networks branch (VGG-19 has 16)."""
_BRANCHING = re.compile(r"squeeze|(?<![a-z])se(?![a-z])|expan[ds]|project|depthwise|shortcut|downsample|residual|skip")
_STRIDED = 20.0
"""How much more usual the first arrangement may be than one of strides alone that is named beside it."""


def is_straight_line(architecture: str) -> bool:
    """Whether this names a straight line's arrangement."""
    return architecture.partition(":")[0] == NAME


def found_line(tensors: Tensors) -> tuple[Line, str] | None:
    """The straight line that weights are, under the prefix that all their names share, and that prefix."""
    for spelling in spellings(tensors):
        line = read_line(spelling)
        if line is not None:
            return line, ""
        prefix = shared(spelling)
        if prefix and (line := read_line(under(spelling, prefix))) is not None:
            return line, prefix
    return None


def proposed(tensors: Tensors, file: str, said: Said) -> Blueprint | None:
    """The most usual line that fits the weights; OpeningQuestion where others are as usual; None where none fits."""
    match = found_line(tensors)
    if match is None:
        return None
    line, prefix = match
    if _branches(line):
        return None
    side = said.size[0] if said.size and said.size[0] == said.size[1] else None
    fitting = proposals(line, side)
    if not fitting:
        return None
    first = fitting[0]
    if len(fitting) > 1 and first.weight < CLEAR * fitting[1].weight:
        raise _question(file, fitting, line)
    slopes = _own_slopes(line)
    text = first.arrangement.described(len(line.convolutions), slopes)
    others = [proposal.arrangement for proposal in fitting[1:]]
    behind = [replace(first.arrangement, norm="last")] if _may_stand_behind(first.arrangement, line) else []
    named = [*others[:1], *behind]
    others += behind
    only = (
        f"the most usual of {len(others) + 1} arrangements that fit the weights"
        if others
        else "the only usual arrangement that fits the weights"
    )
    how = "".join(f"; another: --architecture {other.text}" for other in named)
    note = (
        f"Proposed from the shapes of the weights: {text}, {only}{how}. Where it was arranged otherwise, its own class "
        "opens it (--architecture file.py:factory)."
    )
    if slopes < len(line.convolutions):
        note += " No file holds a trace of the activation: it is what such networks mostly have."
    return _blueprint(line, first.arrangement, prefix, note)


def _own_slopes(line: Line) -> int:
    """The convolutions behind which the file has the slopes of a PReLU."""
    return sum(unit.prelu is not None for unit in line.convolutions)


def _may_stand_behind(arrangement: Arrangement, line: Line) -> bool:
    """Whether no number tells that norms stand in front of their activations."""
    return arrangement.norm == "first" and any(unit.norm and unit.inner is None for unit in line.convolutions)


def _branches(line: Line) -> bool:
    """Whether names, widths or the number of the convolutions are those of networks that are no line, though they fit.

    Inside of the blocks of an EfficientNet each convolution takes what the one before gives.
    """
    units = line.convolutions
    return (
        len(units) > _MOST_CONVOLUTIONS
        or any(unit.groups > 1 for unit in units)
        or any(_BRANCHING.search(unit.layer.path.lower()) for unit in units)
    )


def arranged(name: str, tensors: Tensors, file: str) -> Blueprint:
    """The straight line arranged as the person said; UserError where the weights do not fit it."""
    arrangement = Arrangement.parse(name)
    match = found_line(tensors)
    if match is None:
        raise UserError(f"{file}: its weights are not those of one straight line of layers; name another architecture.")
    line, prefix = match
    count = len(line.convolutions)
    beyond = arrangement.last_named >= count
    if beyond or not fits(arrangement, line):
        choices = tuple(proposal.arrangement.text for proposal in proposals(line)[:3])
        why = (
            f"{file} has {count} convolutions, 0 to {count - 1}, and none of number {arrangement.last_named}"
            if beyond
            else f"{file}: the weights do not fit {arrangement.described(count)}"
        )
        raise OpeningQuestion(
            f"{why}; {'these fit: ' + ', '.join(choices) if choices else 'no usual arrangement fits'} "
            "(--architecture).",
            "architecture",
            choices,
        )
    return _blueprint(line, arrangement, prefix, "")


def _question(file: str, fitting: list[Proposal], line: Line) -> OpeningQuestion:
    convolutions = len(line.convolutions)
    near = [proposal.arrangement for proposal in fitting if proposal.weight * CLEAR > fitting[0].weight][:_MOST_CHOICES]
    strided = next((proposal for proposal in fitting if _only_strides(proposal.arrangement, convolutions)), None)
    if strided and strided.arrangement not in near and strided.weight * _STRIDED > fitting[0].weight:
        near = [*near[: _MOST_CHOICES - 1], strided.arrangement]
    first, second = near[:2]
    behind = " normlast puts the norms behind the activations." if _may_stand_behind(first, line) else ""
    return OpeningQuestion(
        f"{file}: {len(near)} arrangements of its layers fit the weights, among them "
        f"{first.described(convolutions, _own_slopes(line))}; say which it is (--architecture {first.text}, "
        f"{second.text}{', ...' if len(near) > 2 else ''}; file.py:factory for none of these). Convolutions are "
        "counted from 0: max2@0,2 puts a 2 x 2 pool after the first and the third, stride2@0 gives the first a stride "
        f"of 2.{behind}",
        "architecture",
        tuple(arrangement.text for arrangement in near),
    )


def _only_strides(arrangement: Arrangement, convolutions: int) -> bool:
    """Whether every convolution makes its maps smaller, and no pool does."""
    return len(arrangement.strides) == convolutions and not arrangement.pooled


def _blueprint(line: Line, arrangement: Arrangement, prefix: str, note: str) -> Blueprint:
    side, channels = arrangement.side, line.channels
    others = other_sides(line, arrangement) if arrangement.ending == "flatten" else ()
    also = f" ({' and '.join(map(str, others))} fit as well)" if others else ""
    return Blueprint(
        name=arrangement.text,
        tensors=line.tensors,
        build=lambda: StraightLine(line, arrangement),
        classes=outputs_of(line),
        input=InputSpec((side, side), "squash", side, (0.0,) * channels, (1.0,) * channels),
        input_note=(
            f"The file does not say how pictures become input: proposed {side} x {side}{also} "
            f"{'grey' if channels == 1 else 'RGB'} in [0, 1]."
        ),
        prefix=prefix,
        assumed=(note,) if note else (),
        fixed_size=arrangement.ending == "flatten",
    )
