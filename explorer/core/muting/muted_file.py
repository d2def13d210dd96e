"""Writes a network without some filters as a checkpoint of its own, which says so."""

import copy
import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.core.muted_in_file import MUTED, meaning_of, muted_filters
from explorer.core.muting.folder_means import FolderMeans
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.keys import Replacements, by_layer
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.forward_pass import same_answer
from explorer.core.network.hooked_layers import LayerInfo
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey
from trainer.networks.architectures import known
from trainer.networks.checkpoint import SECOND_CLASS, Checkpoint, load, save

FIGURES = ("auc", "seeds", "epochs", "threshold")
"""How names of what was measured of the trained network begin, in a checkpoint's `training`."""


def muted_network(network: Network, keys: Sequence[FilterKey], fill: str, means: FolderMeans | None = None) -> Network:
    """The network with weights that answer zero, or a constant, where filters are muted.

    UserError where weights cannot say it: a map that is another at every place, a convolution that runs twice and is
    muted once, or a constant where neither convolution nor batch norm has a bias.
    """
    if fill not in ("zero", "constant"):
        raise UserError(
            f'A file of weights cannot hold maps muted with "{fill}", which are others at every place; zero and '
            "constant can be written."
        )
    replaced: Replacements = None
    muted = by_layer(network, keys)
    if fill == "constant":
        if means is None:
            raise UserError('Muting with "constant" needs the index of a folder, over which the means are taken.')
        replaced = means.replacements(network, fill, muted)[0]
    module = copy.deepcopy(network.module)
    _check_runs(network, muted)
    with torch.no_grad():
        for layer, filters in muted.items():
            values = torch.zeros(len(filters)) if replaced is None else replaced[layer][filters].flatten()
            _set(module, network.layers[layer], filters, values)
    muted_copy = dataclasses.replace(network, module=module)
    batch = torch.rand(2, network.input.channels, *network.input.size, generator=torch.Generator().manual_seed(0))
    batch = batch.to(network.device)
    expected = muted_by_hooks(network, batch, keys, replaced)
    if not same_answer(KeptPass(muted_copy, batch).logits, expected):
        raise UserError(f"The weights of {network.name} cannot be changed so that these filters are muted.")
    return muted_copy


def write_muted(
    path: Path, network: Network, model: Path, keys: Sequence[FilterKey], fill: str, means: FolderMeans | None = None
) -> None:
    """Write a network without these filters as a checkpoint that `--model` opens and whose metadata says so.

    `model` is the file that the network was opened from. UserError as `muted_network` says, where the network is of
    no architecture that a checkpoint can name, or where the file cannot be written.
    """
    muted_copy = muted_network(network, keys, fill, means)
    record = _record(network, keys, fill)
    how = record["fill"] if isinstance(record["fill"], str) else " and ".join(record["fill"])
    meaning = f"{counted(len(record['filters']), 'filter')} muted ({how}): not the real network"
    training = {name: value for name, value in network.training.items() if not name.startswith(FIGURES)}
    training |= {MUTED: record, "meaning": ". ".join(filter(None, [meaning, meaning_of(network.training)]))}
    checkpoint = Checkpoint(
        network.architecture,
        network.classes,
        network.input,
        muted_copy.module.state_dict(),
        _arguments(model, network),
        training,
        network.licence,
        SECOND_CLASS if network.output.pair else network.output.meaning,
    )
    save(path, checkpoint)


def _arguments(model: Path, network: Network) -> dict[str, Any]:
    try:
        checkpoint = load(model)
    except UserError:
        checkpoint = None
    if checkpoint is not None and checkpoint.architecture == network.architecture:
        return checkpoint.architecture_arguments
    if network.architecture in known():
        rescales = getattr(network.module, "transform_input", False) is True  # Inception's and GoogLeNet's
        return {"transform_input": True} if rescales else {}
    raise UserError(
        f"{network.name} ({network.architecture}) is of no architecture that this program's files can name; a muted "
        "network of it cannot be written."
    )


def _record(network: Network, keys: Sequence[FilterKey], fill: str) -> dict[str, Any]:
    """All filters that are muted by now, those of before too, what stands for them, and which network was trained."""
    fills = {**muted_filters(network.training), **{str(key): fill for key in keys}}
    by_fill: dict[str, list[str]] = {}
    for key, name in fills.items():
        by_fill.setdefault(name, []).append(key)
    before = network.training.get(MUTED) if muted_filters(network.training) else None
    trained = before or {"of": network.name, "digest": network.digest}
    return {
        "filters": list(fills),
        "fill": fill if set(by_fill) == {fill} else by_fill,
        **{name: str(trained.get(name, "")) for name in ("of", "digest")},
    }


def _check_runs(network: Network, muted: dict[int, list[int]]) -> None:
    runs = Counter(info.module for info in network.layers)
    norms = Counter(info.norm for info in network.layers if info.norm)
    for layer in muted:
        info = network.layers[layer]
        of_norm = norms[info.norm] if info.norm else 0
        if (of_norm if info.norm else runs[info.module]) > 1:
            raise UserError(
                f"{info.module} runs several times with the same weights; a file cannot mute one of its runs alone."
            )


def _set(module: nn.Module, info: LayerInfo, filters: list[int], values: torch.Tensor) -> None:
    """Let filters of a layer answer these values (n,) everywhere."""
    part: Any = module.get_submodule(info.norm or info.module)
    if part.weight is None or (part.bias is None and bool(np.any(values.numpy()))):
        reason = "its batch norm has no weights" if part.weight is None else "it has no bias"
        raise UserError(f"Layer {info.index} ({info.name}) cannot be muted in a file of weights: {reason}.")
    part.weight[filters] = 0
    if part.bias is not None:
        part.bias[filters] = values.to(part.bias)
