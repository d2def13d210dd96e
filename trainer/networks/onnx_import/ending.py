"""How an ONNX file turns scores into probabilities at its end, if it does."""

from typing import Literal

import torch

from trainer.networks.onnx_import.model import Model, Node

Ending = Literal["", "softmax", "sigmoid"]
_ENDINGS: dict[str, Ending] = {"Softmax": "softmax", "LogSoftmax": "softmax", "Sigmoid": "sigmoid"}
_PASSING = ("Identity", "Cast", "Dropout")


def before_ending(model: Model, output: str) -> tuple[str, Ending, str]:
    """The name of the scores, what follows them, and the sentence that says so.

    Only where nothing stands behind that but a factor, as of percentages; else `output` itself, "" and "".
    """
    producers = {name: node for node in model.nodes for name in node.outputs}
    name, times = output, ""
    while (node := producers.get(name)) is not None and node.inputs and not node.domain:
        ending = _ENDINGS.get(node.operator, "")
        if ending:
            if not _over_classes(node, model) or (times and node.operator == "LogSoftmax"):
                break
            said = f"The file's answer {output[:40]} is a {ending}{times}: the scores are those before it."
            return node.inputs[0], ending, said
        if node.operator in _PASSING:
            name = node.inputs[0]
        elif node.operator in ("Mul", "Div") and len(node.inputs) == 2 and not times:
            name, factor = _scaled(node, model, producers)
            if not factor:
                break
            times = f" {'times' if node.operator == 'Mul' else 'divided by'} {factor:.6g}"
        else:
            break
    return output, "", ""


def _over_classes(node: Node, model: Model) -> bool:
    return node.operator == "Sigmoid" or node.integer("axis", -1 if model.opset >= 13 else 1) in (1, -1)


def _scaled(node: Node, model: Model, producers: dict[str, Node]) -> tuple[str, float]:
    """What a node multiplies or divides, and the positive number that it does it by; 0 where it does otherwise."""
    first, second = node.inputs
    ways = [(first, second), (second, first)] if node.operator == "Mul" else [(first, second)]
    for scaled, by in ways:
        maker = producers.get(by)
        value = model.tensors.get(by) if maker is None else maker.attributes.get("value")
        if isinstance(value, torch.Tensor) and value.numel() == 1 and float(value) > 0:
            return scaled, float(value)
    return first, 0.0
