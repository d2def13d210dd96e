"""The names of the package efficientnet_pytorch as timm has them; its networks are timm's `tf_efficientnet_...`."""

import re

import torch

from trainer.networks.matching import Tensors

_STEM = "_conv_stem.weight"
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_INSIDE = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_WITHOUT_EXPANSION = _INSIDE | {"_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def timm_names(tensors: Tensors) -> dict[str, torch.Tensor]:
    """The tensors under timm's names; {} where they are not of one EfficientNet of that package, under any prefix."""
    stems = [name for name in tensors if name.endswith(_STEM) and f".{name}".endswith(f".{_STEM}")]
    if len(stems) != 1:
        return {}
    prefix = stems[0].removesuffix(_STEM)
    stages = _stages(tensors, prefix)
    return {_renamed(name, prefix, stages, tensors): tensor for name, tensor in tensors.items()}


def _stages(tensors: Tensors, prefix: str) -> dict[str, str]:
    """timm's place of each block, "stage.block": a stage is a run of blocks that give as many maps."""
    stages: dict[str, str] = {}
    stage, block, width = -1, 0, 0
    while (project := tensors.get(f"{prefix}_blocks.{len(stages)}._project_conv.weight")) is not None:
        stage, block = (stage, block + 1) if len(project) == width else (stage + 1, 0)
        width = len(project)
        stages[str(len(stages))] = f"{stage}.{block}"
    return stages


def _renamed(name: str, prefix: str, stages: dict[str, str], tensors: Tensors) -> str:
    own = name.removeprefix(prefix)
    part, _, rest = own.partition(".")
    if name.startswith(prefix) and part in _OUTSIDE:
        return f"{prefix}{_OUTSIDE[part]}.{rest}"
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", own)
    if not name.startswith(prefix) or block is None or block[1] not in stages:
        return name
    expands = f"{prefix}_blocks.{block[1]}._expand_conv.weight" in tensors
    parts = _INSIDE if expands else _WITHOUT_EXPANSION
    return f"{prefix}blocks.{stages[block[1]]}.{parts.get(block[2], block[2])}.{block[3]}"
