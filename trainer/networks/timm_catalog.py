"""Networks of the timm library, which is used where it is installed and never downloads anything here.

`python -m trainer.networks.timm_catalog PATTERN ...` writes the table of signatures again for the installed timm's
networks with such names; of all without a pattern, which takes half an hour.
"""

import difflib
import functools
import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from trainer.files.atomic_files import replace_file
from trainer.files.errors import UserError
from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import Blueprint, on_meta
from trainer.networks.efficientnet_names import timm_names
from trainer.networks.fitting import fit
from trainer.networks.library_loading import load
from trainer.networks.matching import Tensors, prefixes_of, spellings, under
from trainer.networks.signatures import places, signature
from trainer.networks.timm_input import described
from trainer.networks.torch_file import brief

TABLE = Path(__file__).with_name("timm_networks.json")
_SKETCH, _ALIKE = 12, 64
"""Numbers of a body in the table, and those that tell whether two bodies are one."""
_MOST_PREFIXES = 4
# Only these reach timm: others of its arguments name files to read or weights to download.
_ARGUMENTS = ("img_size", "global_pool", "drop_rate", "drop_path_rate", "window_size")


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """The signatures of timm's networks; `names` are all that share one."""
    entries: dict[str, dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))["networks"]
    return entries


def candidates(tensors: Tensors, stated: str = "") -> tuple[tuple[str, ...], ...]:
    """The names of timm's networks whose body these weights hold; together those that have one and the same body.

    That which the file itself says alone where it is one. Without those whose body is torchvision's too: where its own
    do not fit, timm's do not either.
    """
    renamed = timm_names(tensors)
    rows = [table()[first] for first, _ in places(table(), renamed or tensors)]
    bodies = {(row["first"], *row["sketch"][:_SKETCH]) for row in tv.table().values()}
    own = [row for row in rows if (row["first"], *row["sketch"][:_SKETCH]) not in bodies]
    groups = [tuple(name for name in row["names"] if not _is_torchvisions(name, row["first"])) for row in own]
    if renamed:  # that package pads as TensorFlow does, and has no lite ones
        groups = [tuple(name for name in names if re.match(r"tf_(?!.*lite)", name)) for names in groups]
    elif any(stated.partition(".")[0] in names for names in groups):
        return ((stated.partition(".")[0],),)
    return tuple(dict.fromkeys(filter(None, groups)))


def fitting(tensors: Tensors, stated: str = "") -> list[Blueprint]:
    """Those of them that timm builds so that the weights fit; also one that the file names and the table lacks."""
    rows = candidates(tensors, stated)
    base_name = stated.partition(".")[0]
    if not rows and re.fullmatch(r"[A-Za-z0-9_]+", base_name) and library(base_name).models.is_model(base_name):
        rows = ((base_name,),)
    blueprints: list[Blueprint] = []
    refusals: list[UserError] = []
    for name in (name for names in rows for name in names):  # the table holds a part of each body's shapes
        try:
            blueprints.append(replace(timm_blueprint(name, tensors, {}), name=f"timm/{name}"))
        except UserError as error:  # the installed timm may lack it
            refusals.append(error)
    if refusals and not blueprints:
        raise refusals[0]
    return [blueprint for blueprint in blueprints if not blueprint.problems]


def other_than(name: str, stated: str) -> str:
    """The network of torchvision or timm that a file says it is, where that is another than `name`; "" if not."""
    base_name = stated.partition(".")[0].removeprefix("timm/")
    return base_name if _body(base_name) and base_name != name.removeprefix("timm/") else ""


def alike(name: str, other: str) -> bool:
    """Whether two networks have one body by its names and shapes, so that weights of one fit the other."""
    return _body(name.removeprefix("timm/")) == _body(other.removeprefix("timm/"))


def _body(name: str) -> tuple[Any, ...]:
    """What tells one body from others; () for a network of neither library."""
    row = tv.table().get(name) or next((row for row in table().values() if name in row["names"]), None)
    return (row["first"], *row["sketch"][:_SKETCH]) if row else ()


def _is_torchvisions(name: str, first: str) -> bool:
    return tv.table().get(name, {}).get("first") == first


def installed() -> bool:
    """Whether timm can be used here."""
    return importlib.util.find_spec("timm") is not None


def new_module(name: str, classes: int) -> nn.Module:
    """timm's network `name` with drawn weights and so many outputs; UserError where timm or the name is not there."""
    timm = library(name)
    if not timm.models.is_model(name.partition(".")[0]):
        near = difflib.get_close_matches(name, timm.list_models(), n=1, cutoff=0)
        raise UserError(f'timm has no network "{name[:60]}"; the nearest is {near[0]}.')
    try:
        module: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    except Exception as error:  # whatever a network's own code raises
        raise UserError(f"timm cannot build {name} with {classes} outputs ({brief(error)}).") from error
    return module


def library(name: str) -> Any:
    """timm itself; UserError naming the network that needs it where it is not installed."""
    try:
        return load("timm")
    except ImportError as error:
        raise UserError(
            f"{name} is a network of the timm library, which is not installed; install it with: pip install timm."
        ) from error


def timm_blueprint(name: str, tensors: Tensors, config: dict[str, Any]) -> Blueprint:
    """How timm's network `name` ("resnet18.a1_in1k") is built around these weights.

    `config` is the content of timm's config.json, {} where there is none. A network that is torchvision's too,
    with the same names and shapes, is built by torchvision, so that it opens without timm.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?", name):
        raise UserError(f'"{name[:80]}" is not the name of an architecture of timm.')
    arguments = config.get("model_args") or {}
    if not isinstance(arguments, dict):
        raise UserError(f'The config.json of {name} is damaged: "model_args" is not an object.')
    foreign = [str(key) for key in arguments if key not in (*_ARGUMENTS, "in_chans", "num_classes")]
    if foreign:
        raise UserError(
            f"{name} was built with arguments that cannot be read from a file ({', '.join(foreign[:4])}); give a "
            "function that returns the module (--architecture file.py:factory)."
        )
    settings = {**config, **_object(config.get("pretrained_cfg"))}
    base_name = name.partition(".")[0]
    bodies = _of_torchvision(base_name, tensors) if base_name in tv.table() and not arguments else []
    whole = next((body for body in bodies if not _lacks_scores(body)), None)
    if whole is None and (not bodies or installed()):
        by_timm = _by_timm(name, tensors, settings, {key: arguments[key] for key in _ARGUMENTS if key in arguments})
        if not bodies or not (by_timm.problems or _lacks_scores(by_timm)):
            return by_timm
    body = whole or replace(bodies[0], assumed=(*bodies[0].assumed, *_how_to_score(base_name)))
    return described(body, settings, body.input.channels if body.input else 3)


def with_scores(body: Blueprint, tensors: Tensors) -> Blueprint:
    """timm's network in the place of torchvision's of the same body, where the last layers in the file are timm's."""
    row = next((row for row in table().values() if body.name in row["names"]), None)
    if row is None or not _lacks_scores(body) or f"{body.prefix}{row['last']}.weight" not in body.foreign:
        return body
    return timm_blueprint(body.name, tensors, {})


def _of_torchvision(name: str, tensors: Tensors) -> list[Blueprint]:
    """Every way in which the weights are those of torchvision's network `name`, with or without its scores."""
    blueprints = [
        tv.blueprint(name, spelling, prefix, transform_input=False)
        for spelling in spellings(tensors)
        for _, prefix in places({name: tv.table()[name]}, spelling)
    ]
    return [blueprint for blueprint in blueprints if not blueprint.problems]


def _lacks_scores(blueprint: Blueprint) -> bool:
    """Whether a network has no scores although the file holds more than its body."""
    return not blueprint.classes and bool(blueprint.foreign)


def _how_to_score(name: str) -> tuple[str, ...]:
    text = f"Its last layers may be those of timm's {name}, which is not installed: pip install timm."
    return () if installed() else (text,)


def _by_timm(name: str, tensors: Tensors, settings: dict[str, Any], arguments: dict[str, Any]) -> Blueprint:
    timm, tensors = library(name), timm_names(tensors) or tensors
    try:
        defaults = timm.models.get_pretrained_cfg(name)
        if defaults is None and not timm.models.is_model(name.partition(".")[0]):
            raise ValueError("unknown to this version of timm")
    except Exception as error:
        raise UserError(f"timm has no architecture {name} ({brief(error)}); update timm.") from error
    known = dict(vars(defaults)) if defaults is not None else {}
    names = [_one(settings.get(key) or known.get(key)) for key in ("first_conv", "classifier")]
    blueprints: list[Blueprint] = []
    for spelling in spellings(tensors):
        prefixes = prefixes_of(f"{names[0]}.weight", spelling) or [""]
        for prefix in prefixes[:_MOST_PREFIXES]:
            blueprints.append(_under(timm, name, spelling, prefix, names, settings, arguments))
            if not blueprints[-1].problems:
                channels = _channels(blueprints[-1].tensors, names[0])
                stated = any(settings.get(key) for key in ("input_size", "mean", "std"))
                return described(blueprints[-1], {**known, **settings}, channels, stated=stated)
    return min(blueprints, key=lambda blueprint: len(blueprint.problems))


def _under(
    timm: Any,
    name: str,
    given: Tensors,
    prefix: str,
    names: list[str],
    settings: dict[str, Any],
    arguments: dict[str, Any],
) -> Blueprint:
    """How the weights under a prefix fit; `names` are those of the first convolution and of the last layer."""
    tensors = under(given, prefix)
    last = tensors.get(f"{names[1]}.weight")
    classes = last.shape[0] if last is not None and last.dim() > 0 else _whole(settings.get("num_classes"), 1000)
    channels = _channels(tensors, names[0])

    def make() -> nn.Module:
        module: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=classes, in_chans=channels, **arguments
        )
        return module

    fitted = fit(make, names[1], given, prefix)
    return Blueprint(
        name=f"timm/{name}",
        tensors=fitted.tensors,
        build=fitted.build,
        classes=fitted.classes,
        assumed=fitted.assumed,
        prefix=prefix,
        foreign=fitted.foreign,
        problems=fitted.problems,
        heads=fitted.heads,
    )


def _channels(tensors: Tensors, first: str) -> int:
    weight = tensors.get(f"{first}.weight")
    return weight.shape[1] if weight is not None and weight.dim() == 4 else 3


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _one(value: object) -> str:
    return str(value[0]) if isinstance(value, list | tuple) and value else str(value)


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and 0 < value < 2**20 else otherwise


def make_table(patterns: list[str]) -> dict[str, dict[str, Any]]:
    """The signatures of the networks of the installed timm with names like the patterns."""
    import timm

    signatures: dict[str, dict[str, Any]] = {}
    for name in sorted({name for pattern in patterns for name in timm.list_models(pattern)}):
        try:
            with on_meta():
                module = timm.create_model(name, pretrained=False)
            signatures[name] = signature(module, _one(module.pretrained_cfg.get("classifier")), _ALIKE)
        except Exception:  # what cannot be built without memory, or has no convolution, cannot be found by its names
            continue
    return joined(signatures)


def joined(signatures: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One row for all that have the same body, by the first of their names."""
    rows: dict[str, dict[str, Any]] = {}
    firsts: dict[tuple[Any, ...], str] = {}
    for name, row in signatures.items():
        first = firsts.setdefault((row["first"], row["last"], *row["sketch"]), name)
        same = rows.setdefault(first, {**row, "sketch": row["sketch"][:_SKETCH], "names": []})
        same["names"].append(name)
    return rows


if __name__ == "__main__":
    lines = ",\n".join(f'"{name}": {json.dumps(entry)}' for name, entry in make_table(sys.argv[1:] or ["*"]).items())
    replace_file(TABLE, ('{"networks": {\n' + lines + "\n}}\n").encode())
