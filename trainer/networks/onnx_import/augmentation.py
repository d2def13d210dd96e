"""Takes Keras' random layers out of a graph: `model.export` writes them as they are in training."""

import re
from collections.abc import Iterable
from dataclasses import replace

from trainer.networks.onnx_import.model import Model, Node

SWITCHED_OFF = (
    "its augmentation was exported switched on: export it switched off, with tf2onnx.convert.from_function and "
    "tf.function(lambda x: model(x, training=False))"
)
"""What to do about a random layer that cannot be taken out."""
_LAYER = re.compile(r"(?:^|.*?/)random_(?!crop)[a-z]+(?:_\d+)*/")
_RANDOM = re.compile(r"(?!Reverse)\w*Random\w*|Multinomial|Bernoulli")


def is_random(node: Node) -> bool:
    """Whether a node draws numbers."""
    return _RANDOM.fullmatch(node.operator) is not None


def without_augmentation(model: Model) -> Model:
    """The model with its random layers (`random_flip`, `random_rotation_1`) passing on what reaches them, and a note.

    A layer stays where it cannot be told what reaches it or what it gives.
    """
    if not any(map(is_random, model.nodes)):
        return model
    nodes, removed = list(model.nodes), []
    layers = dict.fromkeys(layer for node in nodes if (layer := _layer_of(node)))
    for layer in layers:
        inside = {index for index, node in enumerate(nodes) if _layer_of(node) == layer}
        reaching = _reaching(nodes, inside, {port.name for port in model.inputs})
        if len(reaching) != 1:
            continue
        last = nodes[max(inside)]
        nodes[max(inside)] = replace(
            last, operator="Identity", domain="", inputs=tuple(reaching), outputs=last.outputs[:1], attributes={}
        )
        removed.append(layer.rstrip("/").rpartition("/")[2])
    if not removed:
        return model
    names = f"{', '.join(removed[:6])}{f' and {len(removed) - 6} more' if len(removed) > 6 else ''}"
    note = f"The file's random layers ({names}) are for training alone and were left out, as Keras does in use."
    return replace(model, nodes=_needed(nodes, model), mended=(*model.mended, note))


def _needed(nodes: list[Node], model: Model) -> tuple[Node, ...]:
    """The nodes without those of which no output is left to take anything."""
    wanted, kept = {port.name for port in model.outputs}, list[Node]()
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    return tuple(reversed(kept))


def _layer_of(node: Node) -> str:
    """The path of the random layer to which a node belongs, "" for any other."""
    match = _LAYER.match(node.name)
    return match[0] if match else ""


def _reaching(nodes: list[Node], inside: set[int], inputs: Iterable[str]) -> list[str]:
    """The values that come from the picture and go into a layer, without those that are made of another of them.

    A layer may have nodes of its own without its name.
    """
    sources: dict[str, set[str]] = {name: set() for name in inputs}
    own, reaching = set[str](), set[str]()
    for index, node in enumerate(nodes):
        from_picture = sources.keys() & set(node.inputs)
        if index in inside:
            reaching |= from_picture
            own |= set(node.outputs)
        elif own & set(node.inputs):
            own |= set(node.outputs)
        elif from_picture and node.operator not in ("Shape", "Size"):
            before = from_picture.union(*(sources[name] for name in from_picture))
            sources |= dict.fromkeys(node.outputs, before)
    return [name for name in reaching if not sources[name] & reaching]
