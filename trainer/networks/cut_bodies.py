"""torchvision's networks taken apart: their parts in a sequence, or in a class of one's own, under other names.

`nn.Sequential(*list(model.children())[:-1])`, fastai's body and head, `self.encoder = model.features`: in the file
stands torchvision's body, tensor for tensor, and last layers of one's own.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import Blueprint, on_meta
from trainer.networks.cut_tails import CutBody, parts_of_body, tail_of
from trainer.networks.heads import NoScores, built
from trainer.networks.matching import COUNTER, Tensors, differences, prefixes_of, shared, spellings, under
from trainer.networks.signatures import orders, places

_FAMILIES = (
    ("features",),
    ("layers",),
    ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"),
    ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"),
    ("stem", "trunk_output"),
    ("features", "norm"),
    (
        *("conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3"),
        *(f"inception4{letter}" for letter in "abcde"),
        *("maxpool4", "inception5a", "inception5b"),
    ),
    (
        *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
        *(f"Mixed_{part}" for part in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")),
    ),
)
"""The parts of a body in the order in which torchvision's networks hold and run them."""
_WHOLE = ("vit_", "maxvit")
"""Networks that are no sequence of their parts."""
_MOST_PLACES = 64


def cut_blueprints(tensors: Tensors, last_relu: bool | None = None) -> list[Blueprint]:
    """The torchvision networks whose body these weights hold under other names than its own.

    By the names inside of its parts, where these are numbered or one; else by the order of all its tensors, too.
    `last_relu` as in `tail_of`.
    """
    for spelling in spellings(tensors):
        for look in (_by_names, _by_order):
            blueprints: dict[tuple[str, str], Blueprint] = {}
            for body in look(spelling):
                if (body.name, body.prefix) in blueprints:
                    continue
                if (fitting := _blueprint(body, spelling, last_relu)) is not None:
                    blueprints[body.name, body.prefix] = fitting
            if blueprints:
                return list(blueprints.values())
    return []


def _by_names(tensors: Tensors) -> Iterator[CutBody]:
    for family in _FAMILIES:
        rows = {name: row for name, row in tv.table().items() if _is_of(name, row["first"], family)}
        for inside in sorted({row["first"].partition(".")[2] for row in rows.values()}):
            anchor = ".".join(part for part in ("0" if len(family) > 1 else "", inside, "weight") if part)
            for prefix in prefixes_of(anchor, tensors)[:_MOST_PLACES]:
                if tensors[prefix + anchor].dim() == 4:
                    names = dict(_renamed(under(tensors, prefix), prefix, family))
                    renamed = {new: tensors[old] for new, old in names.items()}
                    for name in (name for name, inner_prefix in places(rows, renamed) if not inner_prefix):
                        yield CutBody(name, names, prefix, _whole(name, names, tensors))


def _is_of(name: str, first: str, family: tuple[str, ...]) -> bool:
    return first.partition(".")[0] == family[0] and name.startswith("swin") == (family[-1] == "norm")


def _whole(name: str, names: Mapping[str, str], tensors: Tensors) -> nn.Module:
    """torchvision's network around a first convolution like the file's."""
    first = tv.table()[name]["first"]
    with on_meta():
        return tv.build(name, 1000, tensors[names[f"{first}.weight"]].shape[1], f"{first}.bias" in names)


def _renamed(inside: Tensors, prefix: str, family: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """torchvision's name of each weight under the prefix, and that in the file: of one part, or of numbered ones."""
    for name in inside:
        number, _, rest = name.partition(".")
        if len(family) == 1:
            yield f"{family[0]}.{name}", prefix + name
        elif number.isdecimal() and int(number) < len(family):
            yield f"{family[int(number)]}.{rest}", prefix + name


def _by_order(tensors: Tensors) -> Iterator[CutBody]:
    rows = {row["order"]: name for name, row in tv.table().items() if not name.startswith(_WHOLE)}
    ordered = [name for name in tensors if not name.endswith(COUNTER)]
    for order, start, end in orders(tensors, ordered):
        if order in rows:
            name, given = rows[order], ordered[start:end]
            first = tv.table()[name]["first"]
            beginning = {
                f"{first}.{weight_name.rpartition('.')[2]}": weight_name
                for weight_name in given[: 1 + given[1].endswith(".bias")]
            }
            if f"{first}.weight" not in beginning:  # a tensor of its shape, which is something else
                continue
            whole = _whole(name, beginning, tensors)
            own = [key for key in parts_of_body(whole, name).state_dict() if not key.endswith(COUNTER)]
            # Inside of each part the names are torchvision's: other libraries have bodies of the same shapes that
            # compute something else, such as EfficientNets that pad as TensorFlow does.
            if len(own) == len(given) and all(map(_is_inside, own, given)):
                yield CutBody(name, dict(zip(own, given, strict=True)), shared(given), whole)


def _is_inside(ours: str, theirs: str) -> bool:
    return f".{theirs}".endswith(f".{ours.partition('.')[2]}")


def _blueprint(body: CutBody, tensors: Tensors, last_relu: bool | None) -> Blueprint | None:
    """How the network is built; None where the weights are not those of its body and others beside it."""
    name, first = body.name, tv.table()[body.name]["first"]
    channels, bias = tensors[body.names[f"{first}.weight"]].shape[1], f"{first}.bias" in body.names
    if channels not in (1, 3):
        return None
    expected = parts_of_body(body.whole, name).state_dict()
    own = {key: tensors[body.names[key]] for key in expected if key in body.names}
    used = {body.names[key] for key in own}
    rest = {key: tensor for key, tensor in tensors.items() if key not in used and not key.endswith(COUNTER)}
    if differences(expected, own) or any(
        _goes_on(key.removeprefix(body.prefix), tensor) for key, tensor in rest.items()
    ):
        return None
    spec, note = tv.proposed_input(name, channels)
    tail = tail_of(body, rest, spec.size, last_relu)

    def build() -> nn.Module:
        module = parts_of_body(tv.build(name, 1000, channels, bias), name)
        for key, part in tail.between():
            module.add_module(key, part)
        head = built(tail.tensors, tail.place) if tail.tensors else None
        module.add_module("head", head.module if head else NoScores())
        return module

    return Blueprint(
        name=name,
        tensors={**own, **{f"head.{key}": tensor for key, tensor in tail.tensors.items()}},
        build=build,
        classes=tail.outputs,
        input=spec,
        input_note=note,
        assumed=tail.assumed,
        prefix=body.prefix,
        foreign=tail.foreign,
        fixed_size=tail.fixed_size,
        heads=tail.heads,
    )


def _goes_on(name: str, tensor: torch.Tensor) -> bool:
    """Whether a weight that is none of the body's is a further convolution of the same sequence: of another body."""
    return name.partition(".")[0].isdecimal() and tensor.dim() == 4 and tensor.shape[2:].numel() > 1
