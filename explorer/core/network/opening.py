"""Open any supported file as a network that is ready to look at pictures."""

import copy
import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from explorer.core.errors import UserError
from explorer.core.network.graph_cache import GraphCache
from explorer.core.network.hooked_layers import LayerInfo, trace_layers
from explorer.core.network.identity import code_of, identity_of
from trainer.devices.arithmetic import set_rounding
from trainer.devices.names import find_device
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.checkpoint import InputSpec
from trainer.networks.matching import COUNTER
from trainer.networks.opening import open_model
from trainer.networks.output_spec import OutputSpec, unwrapped

__all__ = ["Network", "OpeningQuestion", "find_device", "open_network", "weights_digest"]


@dataclass(frozen=True)
class Network:
    """An opened model: `module` is in eval mode on `device` and needs no gradients.

    `digest` is the SHA-256 (hex) of the weights in the module, whatever file they came in; the same weights may be
    read in several ways, which `identity` tells apart: a short hash (hex) of all that decides what the network
    answers, which are the weights, the architecture, the input, the classes and how its outputs are read (`output`).
    The module answers with logits, whatever its outputs were. `code` is a digest of the person's own code, "" where
    there is none. `assumed` holds one sentence for everything that the file did not say and that was proposed; show
    them.
    """

    module: nn.Module
    input: InputSpec
    classes: tuple[str, ...]
    layers: tuple[LayerInfo, ...]
    digest: str
    device: torch.device
    name: str
    architecture: str
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    assumed: tuple[str, ...] = ()
    code: str = ""
    output: OutputSpec = OutputSpec()
    identity: str = field(init=False)
    graph_cache: GraphCache = field(default_factory=GraphCache, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        identity = identity_of(self.digest, self.module, self.input, self.classes, self.code)
        object.__setattr__(self, "identity", identity)

    def copy(self) -> "Network":
        """The same network around a copy of the module, with which anything may be done."""
        with torch.inference_mode(False):  # what is made within it has no gradients, and does not count its changes
            return self._around(copy.deepcopy(self.module))

    def for_another_thread(self) -> "Network":
        """The same network around a module of its own: two threads in one hooked module mix their maps.

        It shares the parameters, which no pass changes; what a pass may change, buffers too, is copied.
        """
        shared = {id(parameter): parameter for parameter in self.module.parameters()}
        with torch.inference_mode(False):
            return self._around(copy.deepcopy(self.module, shared))

    def _around(self, module: nn.Module) -> "Network":
        same = dataclasses.replace(self, module=module)
        object.__setattr__(same, "identity", self.identity)  # a module may count its own passes
        return same

    def logits(self, batch: torch.Tensor) -> torch.Tensor:
        """The logits (N, K) float32 of prepared pictures (N, C, h, w); K is 0 for a network without class scores."""
        return self.logits_in(self.module(batch.to(self.device)), len(batch))

    def logits_in(self, answer: object, pictures: int) -> torch.Tensor:
        """The logits (N, K) float32 in what the module answered to N pictures."""
        if isinstance(answer, torch.Tensor) and answer.shape[1:] == (0,) and not self.classes:
            return answer
        return unwrapped(answer, pictures)


def open_network(
    path: Path | str,
    *,
    architecture: str | None = None,
    device: str = "auto",
    classes: Sequence[str] | None = None,
    input: InputSpec | None = None,
    outputs: OutputSpec | None = None,
    key: str | None = None,
    allow_code: bool = True,
) -> Network:
    """Open whatever `trainer.networks.opening.open_model` opens, with its layers; the arguments are explained there."""
    torch_device = find_device(device)
    if torch_device.type == "cuda":
        set_rounding("ieee")  # maps and scores are compared to a few parts in a million
    layers: tuple[LayerInfo, ...] = ()

    def run(module: nn.Module, picture: torch.Tensor) -> object:
        nonlocal layers
        answers: list[object] = []
        handle = module.register_forward_hook(lambda _module, _inputs, output: answers.append(output))
        try:
            layers = trace_layers(module, picture)
        finally:
            handle.remove()
        return answers[0]

    with torch.inference_mode(False):  # weights made within it could be asked for no gradient later
        opened = open_model(
            Path(path),
            architecture=architecture,
            device=torch_device,
            classes=classes,
            input=input,
            outputs=outputs,
            key=key,
            allow_code=allow_code,
            run=run,
        )
    if not layers:
        raise UserError(f"{Path(path).name} ({opened.architecture}) has no convolutional layer (Conv2d) to look at.")
    checkpoint = opened.checkpoint
    return Network(
        module=opened.module,
        input=opened.input,
        classes=opened.classes,
        layers=layers,
        digest=weights_digest(opened.module),
        device=torch_device,
        name=opened.name,
        architecture=opened.architecture,
        training=checkpoint.training if checkpoint else {},
        licence=checkpoint.licence if checkpoint else "",
        assumed=opened.assumed,
        code=code_of(opened.module, opened.code) if opened.code else opened.graph,
        output=opened.output,
    )


def weights_digest(module: nn.Module) -> str:
    """SHA-256 (hex) over the sorted names, shapes, dtypes and bytes of a module's weights.

    Without the batch norms' counters, which play no part once training is over and which some files lack.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if not name.endswith(COUNTER):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
