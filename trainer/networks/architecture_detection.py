"""Find the architecture that a set of weights belongs to, from its names and shapes."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from trainer.files.errors import UserError
from trainer.networks import cut_tails
from trainer.networks import timm_catalog as timm
from trainer.networks import torchvision_catalog as tv
from trainer.networks.altered_weights import AS_ONNX
from trainer.networks.architectures import ARCHITECTURES, build
from trainer.networks.candidate import Blueprint, OpeningQuestion, refuse
from trainer.networks.checkpoint import SECOND_CLASS, Checkpoint
from trainer.networks.cut_bodies import cut_blueprints
from trainer.networks.first_steps import with_first_steps
from trainer.networks.later_layers import with_later
from trainer.networks.matching import Tensors, prefixes_of, shared, spellings, under
from trainer.networks.own_shapes import OURS
from trainer.networks.set_aside import set_aside
from trainer.networks.signatures import nearest, places
from trainer.networks.stated_pool import with_stated_pool
from trainer.networks.straight_line import blueprint as straight_line
from trainer.networks.timm_catalog import timm_blueprint
from trainer.networks.weight_files import Weights, several

OPTION = "--architecture NAME or file.py:factory"
_MOST_ITEMS, _LARGEST = 64, 2**24


def known() -> tuple[str, ...]:
    """Every architecture that can be named, apart from timm's and a person's own."""
    return (*ARCHITECTURES, *tv.table())


def find(weights: Weights) -> Blueprint:
    """The one architecture that fits the weights; OpeningQuestion where several do, or none."""
    fitting = _fitting(weights)
    names = tuple(dict.fromkeys(blueprint.name for blueprint in fitting))
    if len({blueprint.prefix for blueprint in fitting}) > 1:
        raise several(weights, [blueprint.prefix for blueprint in fitting])
    if len(names) > 1:
        raise OpeningQuestion(
            f"{weights.file}: the weights fit {' and '.join(names[:6])} equally; say which it is ({OPTION}).",
            "architecture",
            names,
        )
    stated = timm.other_than(names[0], weights.said.architecture) if names else ""
    if stated and timm.alike(names[0], stated):
        raise OpeningQuestion(
            f"{weights.file} says that it is {stated}, a network of the timm library; its weights have the names and "
            f"shapes of {names[0]} too, which computes something else with them; say which it is ({OPTION}).",
            "architecture",
            (f"timm/{stated}", names[0]),
        )
    if fitting:
        text = f"The architecture {names[0]} was found from the names and shapes of the weights."
        if stated:
            text += f" The file says that it is {stated}, whose names and shapes these are not."
        return _with_foreign(replace(fitting[0], file=weights.file, assumed=(text, *fitting[0].assumed)), weights)
    if not timm.candidates(weights.tensors, weights.said.architecture):
        line = straight_line.proposed(weights.tensors, weights.file, weights.said)
        if line is not None:
            return replace(line, file=weights.file)
    raise _unknown(weights)


def named(name: str, weights: Weights) -> Blueprint:
    """The architecture that the person named, around the weights; UserError where it does not fit them."""
    if name.startswith("timm/"):
        blueprint = timm_blueprint(name.removeprefix("timm/"), weights.tensors, weights.config)
        return _with_foreign(replace(blueprint, file=weights.file), weights)
    if straight_line.is_straight_line(name):
        return replace(straight_line.arranged(name, weights.tensors, weights.file), file=weights.file)
    name, transform_input = tv.reading_of(name)
    name, last_relu = cut_tails.reading_of(name)
    if name not in known():
        close = tuple(difflib.get_close_matches(name, known(), n=5, cutoff=0.5))
        near = f"; nearest: {', '.join(close)}" if close else ""
        raise OpeningQuestion(f'There is no architecture "{name}"{near} ({OPTION}).', "architecture", close)
    tried: list[Blueprint] = []
    refusals: list[UserError] = []
    fitting: list[Blueprint] = []
    for spelling in spellings(weights.tensors) if last_relu is None else ():
        tried += _under_name(name, spelling, refusals, transform_input)
        fitting = [blueprint for blueprint in tried if not blueprint.problems and weights.wants(blueprint.prefix)]
        if fitting:
            break
    fitting = fitting or [
        blueprint
        for blueprint in cut_blueprints(weights.tensors, last_relu)
        if blueprint.name == name and weights.wants(blueprint.prefix)
    ]
    if len({blueprint.prefix for blueprint in fitting}) > 1:
        raise several(weights, [blueprint.prefix for blueprint in fitting])
    if refusals and not tried and not fitting:
        raise UserError(f"{weights.file}: {refusals[0]}")
    if fitting:
        return _with_foreign(replace(fitting[0], file=weights.file), weights)
    if other := next((entry for names in timm.candidates(weights.tensors) for entry in names if entry == name), ""):
        raise OpeningQuestion(
            f"{weights.file}: the weights do not fit torchvision's {name}; their names and shapes are those of timm's: "
            f"open them as timm/{other} (--architecture timm/{other}).",
            "architecture",
            (f"timm/{other}",),
        )
    best = min(tried, key=lambda blueprint: len(blueprint.problems), default=None)
    problems = list(best.problems) if best else ["their names or shapes are not those of convolution blocks"]
    refuse(weights.file, name, problems)
    raise UserError(f"{weights.file}: the weights do not fit {name}; name another architecture ({OPTION}).")


def described(checkpoint: Checkpoint, name: str) -> Blueprint:
    """The network that one of our own checkpoints describes; UserError where description and weights disagree."""
    class_count = len(checkpoint.classes)
    count = 1 if checkpoint.outputs == SECOND_CLASS else class_count
    if checkpoint.architecture in ARCHITECTURES:
        arguments = _plausible(checkpoint.architecture_arguments, name)
        blueprint = Blueprint(
            name=checkpoint.architecture,
            tensors=checkpoint.weights,
            build=lambda: build(checkpoint.architecture, count, arguments),
            classes=count,
        )
    elif checkpoint.architecture in tv.table():
        transform_input = checkpoint.architecture_arguments.get("transform_input", False)
        blueprint = tv.blueprint(checkpoint.architecture, checkpoint.weights, transform_input=transform_input is True)
        refuse(name, blueprint.name, list(blueprint.problems))
    elif checkpoint.architecture.startswith("timm/"):
        blueprint = timm_blueprint(checkpoint.architecture.removeprefix("timm/"), checkpoint.weights, {})
        refuse(name, blueprint.name, list(blueprint.problems))
    else:
        raise OpeningQuestion(
            f'{name} holds the architecture "{checkpoint.architecture[:60]}", which this version does not know; '
            f"update it, or name another ({OPTION}).",
            "architecture",
            (),
        )
    if blueprint.classes != count or not count:
        raise UserError(
            f"{name} names {class_count} classes, but its network has {blueprint.classes} outputs; save it again."
        )
    return replace(blueprint, file=name, names=checkpoint.classes, input=checkpoint.input, input_note="", assumed=())


def from_config(weights: Weights) -> Blueprint:
    """The network of a folder that timm or the Hugging Face hub wrote."""
    name = weights.config.get("architecture")
    if not isinstance(name, str):
        model_type = weights.config.get("architectures") or weights.config.get("model_type") or "an unknown network"
        model_type = ", ".join(map(str, model_type)) if isinstance(model_type, list) else str(model_type)
        raise UserError(
            f"{weights.file} is a network of the transformers library ({model_type[:80]}), which this program does not "
            f"build; export it as ONNX, which opens: {AS_ONNX}, or give a function that returns it as "
            "a module (--architecture file.py:factory); both in a module whose forward gives the .logits alone."
        )
    return _with_foreign(replace(timm_blueprint(name, weights.tensors, weights.config), file=weights.file), weights)


def _fitting(weights: Weights) -> list[Blueprint]:
    """Everything that fits the weights, under the first spelling of their names where anything does."""
    for spelling in spellings(weights.tensors):
        fitting = [blueprint for blueprint in _candidates(spelling, weights.file) if weights.wants(blueprint.prefix)]
        if fitting:
            return [timm.with_scores(blueprint, weights.tensors) for blueprint in fitting]
    fitting = [blueprint for blueprint in cut_blueprints(weights.tensors) if weights.wants(blueprint.prefix)]
    if fitting or not timm.installed():
        return fitting
    return timm.fitting(weights.tensors, weights.said.architecture)


def _candidates(tensors: Tensors, file: str) -> Iterator[Blueprint]:
    for read in OURS.values():
        yield from (blueprint for blueprint in read(tensors) if not blueprint.problems)
    candidates = list(places(tv.table(), tensors))
    for name, prefix in candidates:
        try:
            fitted = tv.blueprint(name, tensors, prefix)
            if not fitted.problems:
                yield fitted
        except UserError as error:
            # One of several that share these names; where it is the only one, its own words are of more use.
            if len(candidates) == 1:
                raise UserError(f"{file}: {error}") from error


def _under_name(name: str, tensors: Tensors, refusals: list[UserError], transform_input: bool) -> Iterator[Blueprint]:
    """The named architecture wherever it may stand in the weights, also where it does not fit.

    `refusals` gets what is said where it cannot be built: a convolution inside may have the name of the first.
    """
    if name in OURS:
        yield from OURS[name](tensors)
        return
    prefixes = [prefix for _, prefix in places({name: tv.table()[name]}, tensors)]
    first = f"{tv.table()[name]['first']}.weight"
    for prefix in prefixes or prefixes_of(first, tensors)[:1] or [""]:
        try:
            yield tv.blueprint(name, tensors, prefix, transform_input=transform_input)
        except UserError as error:
            refusals.append(error)


def _with_foreign(blueprint: Blueprint, weights: Weights) -> Blueprint:
    """The blueprint with what takes its outputs, and a sentence about what else lies in the file beside it."""
    named, own = [len(entry.names) for entry in weights.said.lists], blueprint.tensors
    spelled = next(
        (spelling for spelling in spellings(weights.tensors) if spelling.keys() >= set(blueprint.foreign)),
        weights.tensors,
    )
    blueprint = with_stated_pool(blueprint, weights.said.pool)
    blueprint = with_first_steps(blueprint, spelled, weights.said.mean is not None)
    blueprint = with_later(blueprint, spelled, named)
    return replace(blueprint, assumed=(*blueprint.assumed, *set_aside(blueprint.foreign, spelled, own)))


def _unknown(weights: Weights) -> OpeningQuestion:
    """What to ask where nothing fits: with what is nearest, and what else may be tried."""
    shortest = list(spellings(weights.tensors))[-1]
    bodies = [name for name, tensor in shortest.items() if tensor.dim() == 4] or list(shortest)
    shortest = under(shortest, shared(bodies)) or shortest
    own = ("scratch_cnn",) if {key.partition(".")[0] for key in shortest} == {"features", "classifier"} else ()
    ours = (*nearest(tv.table(), shortest), *own)
    rows = timm.candidates(weights.tensors, weights.said.architecture)
    theirs = [name for names in rows for name in names]
    inside = ", ".join(key[:60] for key in list(shortest)[:3])
    if theirs and not timm.installed():
        return OpeningQuestion(
            f"{weights.file}: the names and shapes of the weights are those of {' or '.join(theirs[:4])} of the timm "
            "library, which is not installed; install it with pip install timm, and open the file "
            + (f"as timm/{theirs[0]} (--architecture timm/{theirs[0]})." if len(rows) == 1 else "again."),
            "architecture",
            tuple(f"timm/{name}" for name in theirs),
        )
    return OpeningQuestion(
        f"{weights.file}: the weights ({len(shortest)} of them: {inside} ...) fit no known architecture"
        f"{_nearest(ours[0], weights.tensors) if ours else ''}; give its own class (--architecture file.py:factory; "
        f"timm/NAME for one of the timm library), or export it where it was made as ONNX, which opens: {AS_ONNX}.",
        "architecture",
        (),
    )


def _nearest(name: str, tensors: Tensors) -> str:
    """What tells weights from those of the architecture that is nearest."""
    tried = [blueprint for spelling in spellings(tensors) for blueprint in _under_name(name, spelling, [], False)]
    problems = min((blueprint.problems for blueprint in tried), key=len, default=())
    if problems and all(re.search(r"\.running_(mean|var) is missing$", problem) for problem in problems):
        return (
            f"; it would be {name}, but the averages of its norms are missing (running_mean, running_var), as where "
            "model.parameters() alone were saved: save model.state_dict() where they still are"
        )
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    return f"; nearest is {name}" + (f", but {'; '.join(problems[:3])}{more}" if problems else "")


def _plausible(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    """The arguments if they are small plain values: a constructor would loop over giant ones before it failed."""
    for value in arguments.values():
        items = value if isinstance(value, list) else [value]
        if len(items) > _MOST_ITEMS or not all(
            isinstance(item, bool | int | float | str) and (isinstance(item, str) or abs(item) <= _LARGEST)
            for item in items
        ):
            raise UserError(f"{name}: the arguments of the architecture in it are not plausible; save it again.")
    return arguments
