"""Builds the modules of an ONNX file: a graph that hooks, exact occlusion and muting see as any other network's."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from trainer.files.errors import UserError
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.input_spec import InputSpec
from trainer.networks.onnx_import.answers import Answer, answers_of, chosen_answer
from trainer.networks.onnx_import.augmentation import SWITCHED_OFF, is_random, without_augmentation
from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.description import (
    Pictures,
    input_of,
    input_of_size,
    is_training_switch,
    pictures_of,
)
from trainer.networks.onnx_import.ending import Ending, before_ending
from trainer.networks.onnx_import.model import Model, Node, Unsupported
from trainer.networks.onnx_import.onnx_file import read_model
from trainer.networks.onnx_import.operators import OPERATORS
from trainer.networks.onnx_import.values import Known, Traced, Value
from trainer.networks.torch_file import brief

_WEIGHTS = "save its weights alone: torch.save(model.state_dict(), PATH)"
_OTHERWISE = "export the network without it"
_BY_MAKER = {
    "pytorch": f"{_OTHERWISE}, or {_WEIGHTS}",
    "tf2onnx": f"{_OTHERWISE}: in Keras, build it again without this step, take its weights over "
    "(again.set_weights(model.get_weights())), and export that",
}
"""What to do about a node that is not read, by the program that wrote the file."""


class InTraining(UserError):  # noqa: N818 - it is the file that has the error
    """A file in which Keras wrote a batch norm as it is in training: no size of pictures helps."""


@dataclass(frozen=True)
class OnnxNetwork:
    """What an ONNX file says about a network, before its modules are built.

    `answers` are the outputs that may be the scores; which of them is, `answering` says: `output` is "" before that.
    `ending` is how the file turns scores into probabilities at its end: by "softmax", by "sigmoid", or not at all. The
    modules answer with the scores before it. `input` is None where the file leaves the size of pictures open, and
    `input_note` the sentence to show where it is a proposal; `notes` are those about the rest.
    """

    model: Model
    pictures: Pictures
    answers: tuple[Answer, ...]
    input: InputSpec | None
    input_note: str
    output: str = ""
    ending: Ending = ""
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """For messages."""
        return self.model.file

    def answering(self, wanted: str = "", widths: Sequence[int] = ()) -> "OnnxNetwork":
        """The network that answers with the output `wanted`; without it, with that which can be told.

        `widths` are the numbers of class names that are known. OpeningQuestion where several could be the scores.
        """
        output, several = chosen_answer(self.model, self.answers, wanted, widths)
        before, ending, said = before_ending(self.model, output)
        notes = tuple(text for text in (several, said, *self.model.mended) if text)
        network = replace(self, output=before, ending=ending, notes=notes)
        _refuse_unknown(network.nodes, self.model)
        return network

    def module(self, size: tuple[int, int]) -> fx.GraphModule:
        """The network for pictures of this size (h, w), in eval mode; UserError where it cannot be built for it.

        It takes (N, channels, h, w) float32, whatever order the file has, and batches of any N.
        """
        for side, fixed in zip(size, self.pictures.sides, strict=True):
            if fixed is not None and side != fixed:
                height, width = (fixed or "any" for fixed in self.pictures.sides)
                raise UserError(f"{self.file} takes pictures of {height} x {width} only; give this size (--input).")
        builder = Builder(self.model, self.nodes)
        values: dict[str, Value] = {name: Known.of(tensor) for name, tensor in self.model.tensors.items()}
        for port in self.model.inputs:
            if is_training_switch(port):
                values[port.name] = Known.of(torch.zeros([1] * len(port.sides or ()), dtype=torch.bool))
        values[self.pictures.port] = builder.input((self.pictures.channels, *size), self.pictures.order)
        builder.watch(values)
        for node in self.nodes:
            self._add(builder, node, values)
        answer = values.get(self.output)
        if not isinstance(answer, Traced):
            raise UserError(f"{self.file}: its output {self.output[:80]} does not depend on the picture.")
        answer = builder.plain(answer)
        assert isinstance(answer, Traced)
        builder.graph.output(answer.node)
        module = fx.GraphModule(builder.root, builder.graph, "OnnxNetwork")
        module.graph.eliminate_dead_code()
        module.delete_all_unused_submodules()
        module.recompile()
        module.eval().requires_grad_(False)
        if builder.guessed:
            self._compare_batches(module, size)
        return module

    def tried_input(self, sides: Sequence[int]) -> tuple[InputSpec, str]:
        """An input that is proposed where the file leaves the size open, and the sentence that says so.

        224 x 224, if the network can be built for it; else OpeningQuestion with those of `sides` for which it can.
        """
        try:
            self.module((224, 224))
        except InTraining:
            raise
        except UserError as error:
            fitting = tuple(f"{side}x{side}" for side in sides if self._fits(side))
            runs = f"; these run: {', '.join(fitting)}" if fitting else ""
            raise OpeningQuestion(f"{error} Say which size it takes (--input{runs}).", "input", fitting) from error
        return input_of_size(self.pictures, 224, 224)

    def _fits(self, side: int) -> bool:
        try:
            self.module((side, side))
        except UserError:
            return False
        return True

    def _add(self, builder: Builder, node: Node, values: dict[str, Value]) -> None:
        builder.node = node
        try:
            answer: Any = OPERATORS[node.operator](builder, [values[name] if name else None for name in node.inputs])
        except UserError:
            raise
        except Exception as error:  # torch raises nearly everything for sizes that do not fit
            if "/moments/" in node.name and node.operator.startswith("Reduce"):
                raise InTraining(self._in_use(node)) from error
            why = str(error) if isinstance(error, Unsupported) else brief(error)
            raise UserError(
                f'{self.file}: the node "{_name(node)}" ({node.operator}) cannot be read: {why[:200]}; '
                f"{_otherwise(self.model)}."
            ) from error
        answers = [answer] if isinstance(answer, Known | Traced) else answer
        values.update(zip(node.outputs, answers, strict=False))

    def _in_use(self, node: Node) -> str:
        """What to say of a batch norm in training: how Keras exports it as it is in use."""
        height, width = (side or 224 for side in self.pictures.sides)
        shape = f"{height}, {width}, {self.pictures.channels}"
        return (
            f'{self.file}: the node "{_name(node)}" ({node.operator}) averages over the pictures of a batch: Keras '
            "wrote its batch norms as they are in training, as it does where layers inside prepare pictures. Export it "
            f"as it is in use, here for {height} x {width}: i = keras.Input(({shape})); m = keras.Model(i, model(i, "
            f'training=False)); m.predict(numpy.zeros((1, {shape}))); m.export("network.onnx", format="onnx").'
        )

    def _compare_batches(self, module: nn.Module, size: tuple[int, int]) -> None:
        """UserError where two pictures together get other answers than each by itself."""
        random = torch.Generator().manual_seed(0)
        pictures = torch.rand(2, self.pictures.channels, *size, generator=random)
        with torch.inference_mode():
            try:
                together = module(pictures)
                alone = torch.cat([module(picture[None]) for picture in pictures])
                tolerance = max(
                    1e-4, 1e-3 * float(alone.max() - alone.min())
                )  # large scores may differ by more than small ones
                same = together.shape == alone.shape and torch.allclose(together, alone, rtol=1e-3, atol=tolerance)
            except RuntimeError:
                same = False
        if not same:
            raise UserError(
                f"{self.file} is made for one picture at a time, in a way that cannot be told from its shapes; export "
                "it with a free batch size (dynamic_axes or dynamic_shapes)."
            )

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that the scores need; UserError that names those that are not known."""
        return _needed(self.model, self.output)


def read_onnx(path: Path, content: bytes | None = None) -> OnnxNetwork:
    """What an ONNX file says, or one of this `content` would; UserError where it is no network of pictures.

    OSError where the file cannot be read.
    """
    model = without_augmentation(read_model(path, content))
    pictures = pictures_of(model)
    input_, note = input_of(model, pictures)
    return OnnxNetwork(model, pictures, answers_of(model), input_, note)


def graph_digest(module: fx.GraphModule) -> str:
    """SHA-256 (hex) over the operations of a graph in their order, the same in every session."""
    operations = [
        [node.op, node.name, _named(node.target), _named(node.args), _named(node.kwargs)] for node in module.graph.nodes
    ]
    return hashlib.sha256(json.dumps(operations).encode()).hexdigest()


def _named(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_named(part) for part in value]
    if isinstance(value, dict):
        return {name: _named(part) for name, part in value.items()}
    return getattr(value, "__name__", None) or str(value)


def _needed(model: Model, output: str) -> tuple[Node, ...]:
    wanted, nodes = {output}, []
    for node in reversed(model.nodes):
        if wanted & set(node.outputs):
            nodes.append(node)
            wanted.update(node.inputs)
    return tuple(reversed(nodes))


def _refuse_unknown(nodes: Sequence[Node], model: Model) -> None:
    unknown: dict[str, Node] = {}
    for node in nodes:
        if node.domain or node.operator not in OPERATORS:
            unknown.setdefault(f"{node.domain}.{node.operator}".lstrip("."), node)
    if unknown:
        named = "; ".join(f'{name[:60]} (node "{_name(node)}")' for name, node in list(unknown.items())[:4])
        more = f" and {len(unknown) - 4} more" if len(unknown) > 4 else ""
        todo = SWITCHED_OFF if any(map(is_random, nodes)) else _otherwise(model, unknown)
        raise UserError(f"{model.file} needs operators that are not known here: {named}{more}; {todo}.")
    if not nodes:
        raise UserError(f"{model.file} computes nothing from the picture.")


def _otherwise(model: Model, unknown: Mapping[str, Node] | None = None) -> str:
    """What to do where a node of a file is not read."""
    if model.producer == "pytorch" and "If" in (unknown or {}):
        return f"export it with torch.onnx.export(..., dynamo=True), which writes none of these, or {_WEIGHTS}"
    return _BY_MAKER.get(model.producer, _OTHERWISE)


def _name(node: Node) -> str:
    return (node.name or next(iter(node.outputs), ""))[:80]
