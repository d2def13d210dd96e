"""Which of the layers beside a recognised body are its last ones, where several could be or none should."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from trainer.files.errors import UserError
from trainer.networks.candidate import Blueprint, as_wide
from trainer.networks.matching import spellings
from trainer.networks.output_spec import OPTION
from trainer.networks.weight_files import Weights

_PROJECTION = re.compile(r"(^|[._])(proj|contrast)")


def with_chosen_head(
    find: Callable[[Weights], Blueprint], weights: Weights, wanted: str, widths: Sequence[int]
) -> tuple[Blueprint, bool]:
    """The network that `find` recognises, with the last layers that are meant; whether they were those `wanted`.

    `wanted` is the person's choice among the layers beside the body, "" where there is none; `widths` are the numbers
    of class names that are known. Several are told apart by these, and a projection is taken only with them. UserError
    for a name that is none of theirs.
    """
    blueprint = find(weights)
    heads = blueprint.heads
    if wanted and heads:
        meant = [wanted] if wanted in heads else [name for name in heads if f".{name}".endswith(f".{wanted}")]
        if len(meant) != 1:
            raise UserError(f"{OPTION} {wanted[:60]}: the last layers in {weights.file} are {', '.join(heads)[:300]}.")
        wanted = meant[0]
    fitting = as_wide({name: head.outputs for name, head in heads.items()}, widths)
    named = wanted or (fitting[0] if len(fitting) == 1 else "")
    others = tuple(name for name in heads if name != named)
    if not others or not (named or blueprint.classes):
        return blueprint, bool(heads) and bool(wanted)
    if named:
        why = "as it was said" if wanted else "which has as many outputs as there are class names"
        text = (
            f"{' and '.join(heads)} could each be its last layers: {named} was taken for the class scores, {why} "
            f"({OPTION} NAME for another)."
        )
    elif _PROJECTION.search(others[0]):
        text = (
            f'The layers under "{others[0]}" are by their name the projection of a training without classes (SimCLR '
            f"and the like) and were left out; {OPTION} {others[0]} takes them for its class scores."
        )
    else:
        return blueprint, False
    found = find(_without(weights, {weight for name in others for weight in heads[name].names}))
    return replace(found, assumed=(*found.assumed, text)), bool(wanted)


def _without(weights: Weights, names: set[str]) -> Weights:
    """The weights without these, which have the names in which the body was found."""
    spelled = next((spelling for spelling in spellings(weights.tensors) if spelling.keys() >= names), weights.tensors)
    return replace(weights, tensors={name: part for name, part in spelled.items() if name not in names})
