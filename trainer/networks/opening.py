"""Open any supported file as a module that answers with logits, for both programs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from trainer.files.errors import UserError
from trainer.networks import architecture_detection as architectures
from trainer.networks import user_architecture
from trainer.networks.altered_weights import refuse_altered
from trainer.networks.answer_trial import UNSTEADY, Run, answers_to_noise, is_scoreless, is_unsteady, plain_run
from trainer.networks.candidate import Blueprint, OpeningQuestion, filled, naming, refuse
from trainer.networks.channel_order import given_rgb, taking_rgb
from trainer.networks.checkpoint import OUTPUTS, SECOND_CLASS, Checkpoint, InputSpec
from trainer.networks.class_names import class_names
from trainer.networks.head_choice import with_chosen_head
from trainer.networks.in_place import copying
from trainer.networks.input_trial import SIDES, explained, picture_channels, refuse_giant, running_sizes, tried_input
from trainer.networks.matching import matches
from trainer.networks.output_spec import MEANINGS, OutputSpec, answering, as_stated, decided
from trainer.networks.set_aside import set_aside
from trainer.networks.stated_input import applied
from trainer.networks.weight_files import Weights, read_weights, several

if TYPE_CHECKING:
    from trainer.networks.onnx_import.network import OnnxNetwork

_LARGEST_SIDE = 1024


@dataclass(frozen=True)
class OpenedModel:
    """A model ready to be asked: `module` is in eval mode on its device, needs no gradients and answers with logits.

    `code` is the folder of the person's own code, None without; `graph` is the digest of the operations that the file
    itself describes, "" where it holds weights alone; `assumed` holds one sentence for everything that the
    file did not say and that was decided; `checkpoint` is there for our own files.
    """

    module: nn.Module
    architecture: str
    input: InputSpec
    output: OutputSpec
    classes: tuple[str, ...]
    name: str
    assumed: tuple[str, ...] = ()
    code: Path | None = None
    graph: str = ""
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class _Draft:
    """A filled module and what is known about it before it ran; `fixed_size` as in `Blueprint`."""

    module: nn.Module
    architecture: str
    input: InputSpec
    classes: tuple[str, ...]
    assumed: tuple[str, ...]
    code: Path | None = None
    graph: str = ""


def open_model(
    path: Path,
    *,
    architecture: str | None = None,
    device: torch.device | None = None,
    classes: Sequence[str] | None = None,
    input: InputSpec | None = None,
    outputs: OutputSpec | None = None,
    key: str | None = None,
    allow_code: bool = True,
    run: Run = plain_run,
) -> OpenedModel:
    """Open a checkpoint, a state dict, an ONNX file or a folder of timm.

    `architecture` is a name, or `file.py:factory`, which runs that file's code unless `allow_code` is False.
    `classes`, `input` and `outputs` win over what the file says; `key` chooses where it holds several networks. `run`
    makes the one pass that every opening needs. OpeningQuestion where only the person can decide; UserError for
    files that cannot be opened.
    """
    weights = read_weights(path, key)
    ours = weights.checkpoint.outputs if weights.checkpoint else OUTPUTS[0]
    if outputs is None and ours in MEANINGS[1:]:
        outputs = OutputSpec(meaning=ours)
    is_own = architecture is not None and user_architecture.is_own(architecture)
    if is_own and not allow_code:
        raise UserError(f"{architecture} runs code, which was not allowed; open the network again and agree to it.")
    listed = [entry.names for entry in weights.said.lists]
    widths = [len(names) for names in (classes, *listed) if names]
    if weights.graph:
        graph = weights.graph.answering(outputs.take if outputs else "", widths)
        draft = _from_graph(graph, architecture, input)
        # Its modules answer with that output alone.
        outputs = replace(outputs, take="") if outputs and outputs.meaning else None
        weights = replace(weights, graph=graph, notes=graph.notes)
    else:
        if is_own:
            draft = _own(architecture or "", weights, input)
        else:
            draft, chosen = _known(architecture, weights, input, outputs.take if outputs else "", widths)
            if outputs and chosen:
                outputs = replace(outputs, take="") if outputs.meaning else None
    module = draft.module.float().eval().requires_grad_(False).to(device or torch.device("cpu"))
    with torch.inference_mode(False):  # only such a tensor counts its changes
        picture = torch.zeros(1, draft.input.channels, *draft.input.size, device=device)
    untouched = picture._version
    try:
        answer = run(module, picture)
    except UserError:
        raise
    except Exception as error:
        raise explained(
            error, module, draft.input, weights.file, draft.architecture, (architecture or "") if is_own else ""
        ) from error
    if picture._version != untouched:
        module = copying(module)
    unsteady = UNSTEADY if is_own and is_unsteady(module, picture) else ""
    name_lists = [names for names in (classes, draft.classes, *listed) if names]
    ended = weights.graph.ending if weights.graph else ""  # what stands before a softmax are logits, however small
    if outputs and outputs.take and is_scoreless(answer):
        raise UserError(
            f"--outputs {outputs.take[:40]}: {weights.file} was opened without class scores, and has no last layers of "
            "this name beside its body; leave it out."
        )
    output_notes: tuple[str, ...] = ()
    if is_scoreless(answer):
        spec, table = OutputSpec(), torch.empty(1, 0)
    else:
        probe = (
            partial(answers_to_noise, module, picture, draft.input) if is_own or (weights.graph and not ended) else None
        )
        with naming(weights.file):
            spec, table, output_notes = decided(answer, outputs, [len(names) for names in name_lists], probe)
    if ended == "sigmoid" and not (outputs and outputs.meaning) and table.shape[1] > 1:
        spec = replace(spec, meaning="independent-logits")
    spec, stated = as_stated(spec, outputs, weights.said.independent, weights.file, table.shape[1])
    output_notes = (*output_notes, *stated)
    names, class_notes = class_names(
        draft.architecture,
        table.shape[1],
        classes,
        (draft.classes, *listed),
        unusable=bool(weights.said.unusable),
    )
    if table.shape[1] == 1 and len(names) == 2:  # what is left of one is the other: they do not stand each for itself
        spec = replace(spec, pair=True, meaning=spec.meaning.removeprefix("independent-"))
        class_notes = () if ours == SECOND_CLASS else class_notes
    said = weights.said.sentences(classes or (), weights.file, used=() if classes else names)
    return OpenedModel(
        module=answering(module, spec, table.shape[1]),
        architecture=draft.architecture,
        input=draft.input,
        output=spec,
        classes=names,
        name=weights.name,
        assumed=tuple(filter(None, (unsteady, *draft.assumed, *output_notes, *class_notes, *said, *weights.notes))),
        code=draft.code,
        graph=draft.graph,
        checkpoint=weights.checkpoint,
    )


def _recognised(architecture: str | None, weights: Weights) -> Blueprint:
    if architecture:
        return architectures.named(architecture, weights)
    if weights.checkpoint:
        return architectures.described(weights.checkpoint, weights.file)
    if "architecture" in weights.config or "architectures" in weights.config or "model_type" in weights.config:
        return architectures.from_config(weights)
    return architectures.find(weights)


def _known(
    architecture: str | None, weights: Weights, given: InputSpec | None, head: str, widths: Sequence[int]
) -> tuple[_Draft, bool]:
    """The network of a known architecture, and whether its last layers are those called `head` in the file."""
    refuse_altered(weights.tensors, weights.file)
    with naming(weights.file):
        blueprint, chosen = with_chosen_head(partial(_recognised, architecture), weights, head, widths)
    blueprint = taking_rgb(blueprint, weights.said.bgr or blueprint.bgr)
    stated = given or (weights.checkpoint.input if weights.checkpoint else None)
    spec, note = _input(
        stated,
        blueprint.input,
        blueprint.input_note,
        weights,
        blueprint.input.channels if blueprint.input else 3,
        blueprint.fixed_size,
    )
    if spec is None:
        sizes = running_sizes(blueprint.module().float().eval())
        example = f"these sizes run: {', '.join(sizes)}; " if sizes else ""
        raise OpeningQuestion(
            f"{weights.file} ({blueprint.name}) does not say how pictures become its input; say it (--input; {example}"
            "with the mean and std of its training in JSON).",
            "input",
            sizes,
        )
    if max(spec.size) > _LARGEST_SIDE:
        refuse_giant(blueprint, spec, weights.file)
    draft = _Draft(blueprint.module(), blueprint.name, spec, blueprint.names, (*blueprint.assumed, note))
    return draft, chosen


def _from_graph(graph: "OnnxNetwork", architecture: str | None, given: InputSpec | None) -> _Draft:
    """The network of an ONNX file; its input is tried where nobody says it."""
    from trainer.networks.onnx_import.network import graph_digest  # few files need it

    if architecture:
        raise UserError(f"{graph.file} carries its own architecture; leave --architecture out.")
    proposed = (graph.input, graph.input_note) if graph.input or given else graph.tried_input(SIDES)
    spec, note = (given, "") if given else proposed
    assert spec is not None
    if spec.channels != graph.pictures.channels:
        wanted = "grey:HxW" if graph.pictures.channels == 1 else "HxW"
        raise UserError(
            f"{graph.file} takes {graph.pictures.channels} channels, not {spec.channels} (--input {wanted})."
        )
    module = graph.module(spec.size)
    return _Draft(module, "onnx", spec, (), (note,), graph=graph_digest(module))


def _own(architecture: str, weights: Weights, given: InputSpec | None) -> _Draft:
    """The person's own module, filled; its input is tried where nobody says it."""
    path, factory = user_architecture.split(architecture)
    network = user_architecture.make(architecture)
    expected = user_architecture.run(path, network.module.state_dict)
    candidates = matches(expected, weights.tensors)
    fitting = [match for match in candidates if not match.problems and weights.wants(match.prefix)]
    if len({match.prefix for match in fitting}) > 1:
        raise several(weights, [match.prefix for match in fitting])
    match = fitting[0] if fitting else candidates[0]
    refuse(weights.file, f"{path.name}:{factory}", list(match.problems))
    user_architecture.run(path, lambda: network.module.load_state_dict(filled(network.module, match.tensors)))
    channels = picture_channels(network.module)
    stated = given or network.input or (weights.checkpoint.input if weights.checkpoint else None)
    spec, note = _input(stated, None, "", weights, channels, False)
    if spec is None:
        spec = tried_input(network.module.float().eval(), weights.file, path)
        note += (
            f" Nothing says how pictures become input: proposed 224 x 224 {'RGB' if spec.channels == 3 else 'grey'} "
            "in [0, 1], which the network accepts."
        )
    assumed = (
        *set_aside(match.foreign, weights.tensors, match.tensors),
        note.strip(),
        given_rgb(weights.said.bgr, channels),
    )
    return _Draft(network.module, f"{path.name}:{factory}", spec, network.classes, assumed, path.parent)


def _input(
    given: InputSpec | None,
    proposal: InputSpec | None,
    note: str,
    weights: Weights,
    channels: int,
    fixed_size: bool,
) -> tuple[InputSpec | None, str]:
    """The input and the sentence to show about it: what is given, else what lies in the file, else the proposal."""
    if given is not None:
        return given, ""
    if proposal is not None and not note:
        return proposal, note
    stated = applied(weights.said, proposal, channels, fixed_size=fixed_size)
    text = stated.sentence(weights.file)
    return (stated.spec, text) if stated.spec else (proposal, f"{note} {text}".strip())
