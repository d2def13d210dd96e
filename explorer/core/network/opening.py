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
from explorer.core.network.class_scores import class_names, scores, unwrapped
from explorer.core.network.graph_cache import GraphCache
from explorer.core.network.identity import code_of, identity_of
from explorer.core.network.layers import LayerInfo, trace_layers
from trainer.devices.arithmetic import set_rounding
from trainer.devices.names import find_device
from trainer.networks import architecture_detection as architectures
from trainer.networks import user_architecture as own_architecture
from trainer.networks.candidate import COUNTER, Blueprint, Question, differences, filled, refuse
from trainer.networks.checkpoint import InputSpec
from trainer.networks.onnx_import.network import OnnxNetwork, graph_digest
from trainer.networks.torch_file import brief
from trainer.networks.weight_files import Weights, read_weights

__all__ = ["Network", "Question", "find_device", "open_network", "weights_digest"]

_SIDES = (28, 32, 64, 96, 128, 192, 256, 299, 384, 512)
_LARGEST_SIDE = 1024
_MOST_MEMORY = 8 * 2**30


@dataclass(frozen=True)
class Network:
    """An opened model: `module` is in eval mode on `device` and needs no gradients.

    `digest` is the SHA-256 (hex) of the weights in the module, whatever file they came in; the same weights may be
    read in several ways, which `identity` tells apart: a short hash (hex) of all that decides what the network
    answers, which are the weights, the architecture, the input and the classes. `code` is a digest of the person's own
    code, "" where there is none. `assumed` holds one sentence for everything that the file did not say and that was
    proposed; show them.
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
    identity: str = field(init=False)
    graph_cache: GraphCache = field(default_factory=GraphCache, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        identity = identity_of(self.digest, self.module, self.input, self.classes, self.code)
        object.__setattr__(self, "identity", identity)

    def copy(self) -> "Network":
        """The same network around a deep copy of the module: two threads in one hooked module mix their maps."""
        same = dataclasses.replace(self, module=copy.deepcopy(self.module))
        object.__setattr__(same, "identity", self.identity)  # a module may count its own passes
        return same

    def logits(self, batch: torch.Tensor) -> torch.Tensor:
        """The class scores (N, K) float32 of prepared pictures (N, C, h, w), before softmax."""
        return scores(self.module, batch.to(self.device))


def open_network(
    path: Path | str,
    *,
    architecture: str | None = None,
    device: str = "auto",
    classes: Sequence[str] | None = None,
    input: InputSpec | None = None,
    allow_code: bool = True,
) -> Network:
    """Open a checkpoint, a state dict, an ONNX file or a folder of timm as a network.

    `architecture` is a name, or `file.py:factory`, which runs that file's code unless `allow_code` is False.
    `classes` and `input` win over what the file says. Question where only the person can decide; UserError for
    files that cannot be opened.
    """
    place = find_device(device)
    weights = read_weights(Path(path))
    own = architecture is not None and own_architecture.is_own(architecture)
    if own and not allow_code:
        raise UserError(f"{architecture} runs code, which was not allowed; open the network again and agree to it.")
    if weights.graph:
        draft = _from_graph(weights.graph, architecture, input)
    else:
        draft = _own(architecture or "", weights, input) if own else _known(architecture, weights, input)
    module = draft.module.float().eval().requires_grad_(False)
    digest = weights_digest(module)
    if place.type == "cuda":
        set_rounding("ieee")  # maps and scores are compared to a few parts in a million
    try:
        module = module.to(place)
        picture = torch.zeros(1, draft.input.channels, *draft.input.size, device=place)
        layers, outputs = _trial(module, picture)
    except UserError:
        raise
    except Exception as error:
        size = f"{draft.input.size[0]} x {draft.input.size[1]}"
        why = own_architecture.explain(own_architecture.split(architecture or "")[0], error) if own else brief(error)
        raise UserError(
            f"{weights.file} ({draft.architecture}) does not run on a picture of {size} with {draft.input.channels} "
            f"channels ({why}); give another size (--input) or architecture (--architecture)."
        ) from error
    if not layers:
        raise UserError(f"{weights.file} ({draft.architecture}) has no convolutional layer (Conv2d) to look at.")
    names, assumed = class_names(draft.architecture, outputs, classes, (draft.classes, weights.classes))
    # The note belongs to the names only where they were used.
    notes = (weights.classes_note if names == weights.classes else "", *weights.notes)
    checkpoint = weights.checkpoint
    return Network(
        module=module,
        input=draft.input,
        classes=names,
        layers=layers,
        digest=digest,
        device=place,
        name=weights.name,
        architecture=draft.architecture,
        training=checkpoint.training if checkpoint else {},
        licence=checkpoint.licence if checkpoint else "",
        assumed=tuple(text for text in (*draft.assumed, *assumed, *notes) if text),
        code=draft.code,
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


@dataclass(frozen=True)
class _Draft:
    """A filled module and what is known about it before it ran."""

    module: nn.Module
    architecture: str
    input: InputSpec
    classes: tuple[str, ...]
    assumed: tuple[str, ...]
    code: str = ""


def _known(architecture: str | None, weights: Weights, given: InputSpec | None) -> _Draft:
    if architecture:
        found = architectures.named(architecture, weights)
    elif weights.checkpoint:
        found = architectures.described(weights.checkpoint, weights.file)
    elif weights.config:
        found = architectures.from_config(weights)
    else:
        found = architectures.find(weights)
    spec = given or (weights.checkpoint.input if weights.checkpoint else None) or found.input
    if spec is None:
        raise Question(
            f"{weights.file} ({found.name}) does not say how pictures become its input; say it (--input).",
            "input",
        )
    if max(spec.size) > _LARGEST_SIDE:
        _refuse_giant(found, spec, weights.file)
    assumed = (*found.assumed, found.input_note) if spec is found.input and found.input_note else found.assumed
    return _Draft(found.module(), found.name, spec, found.names, assumed)


def _from_graph(graph: OnnxNetwork, architecture: str | None, given: InputSpec | None) -> _Draft:
    """The network of an ONNX file; its input is tried where nobody says it."""
    if architecture:
        raise UserError(f"{graph.file} carries its own architecture; leave --architecture out.")
    proposed = (graph.input, graph.input_note) if graph.input or given else graph.tried_input(_SIDES)
    spec, note = (given, "") if given else proposed
    assert spec is not None
    if spec.channels != graph.pictures.channels:
        wanted = "grey:HxW" if graph.pictures.channels == 1 else "HxW"
        raise UserError(
            f"{graph.file} takes {graph.pictures.channels} channels, not {spec.channels} (--input {wanted})."
        )
    module = graph.module(spec.size)
    return _Draft(module, "onnx", spec, (), (note,), graph_digest(module))


def _own(architecture: str, weights: Weights, given: InputSpec | None) -> _Draft:
    """The person's own module, filled; its input is tried where nobody says it."""
    path, factory = own_architecture.split(architecture)
    made = own_architecture.make(architecture)
    expected = own_architecture.run(path, made.module.state_dict)
    problems, tensors = min(
        ((differences(expected, variant), variant) for variant in weights.variants()),
        key=lambda pair: len(pair[0]),
    )
    refuse(weights.file, f"{path.name}:{factory}", problems)
    own_architecture.run(path, lambda: made.module.load_state_dict(filled(made.module, tensors)))
    spec = given or made.input or (weights.checkpoint.input if weights.checkpoint else None)
    assumed: tuple[str, ...] = ()
    if spec is None:
        spec = _tried(made.module.float().eval(), weights.file, path)
        assumed = (
            f"Nothing says how pictures become input: proposed 224 x 224 {'RGB' if spec.channels == 3 else 'grey'} "
            "in [0, 1], which the network accepts.",
        )
    code = code_of(made.module, path.parent)
    return _Draft(made.module, f"{path.name}:{factory}", spec, made.classes, assumed, code)


def _tried(module: nn.Module, name: str, path: Path) -> InputSpec:
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    if first is None:
        raise UserError(f"{name} has no convolutional layer (Conv2d) to look at.")
    channels = first.in_channels
    if channels not in (1, 3):
        raise UserError(f"{name} takes {channels} channels; only RGB and grey pictures can be shown to a network.")
    problem = _runs(module, channels, 224, path)
    if problem:
        fitting = tuple(f"{side}x{side}" for side in _SIDES if not _runs(module, channels, side, path))
        raise Question(
            f"{name} does not run on a picture of 224 x 224 ({problem}); say which size it takes (--input"
            + (f"; these run: {', '.join(fitting)})." if fitting else ")."),
            "input",
            fitting,
        )
    return InputSpec(mean=(0.0,) * channels, std=(1.0,) * channels)


def _runs(module: nn.Module, channels: int, side: int, path: Path) -> str:
    """ "" where the module takes a picture of this size, else why not."""
    try:
        with torch.inference_mode():
            module(torch.zeros(1, channels, side, side))
    except Exception as error:  # a person's own forward pass raises what it likes
        return own_architecture.explain(path, error)
    return ""


def _trial(module: nn.Module, picture: torch.Tensor) -> tuple[tuple[LayerInfo, ...], int]:
    """The layers, and the number of outputs, of one run."""
    answers: list[object] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: answers.append(output))
    try:
        layers = trace_layers(module, picture)
    finally:
        handle.remove()
    return layers, unwrapped(answers[0], 1).shape[1]


def _refuse_giant(found: Blueprint, spec: InputSpec, name: str) -> None:
    """UserError where one picture's maps would not fit in memory: a file's input size may be anything."""
    try:
        layers = trace_layers(found.skeleton(), torch.empty(1, spec.channels, *spec.size, device="meta"))
    except Exception:  # the real run says better why it fails
        layers = ()
    needed = sum(4 * layer.filters * layer.height * layer.width for layer in layers)
    if not layers or needed > _MOST_MEMORY:
        raise UserError(
            f"{name}: its maps for a picture of {spec.size[0]} x {spec.size[1]} would take {needed / 2**30:.0f} GB; "
            "give a smaller size (--input)."
        )
