"""Weights that a tool has altered so that they are no network's own any more, with what gives those that open."""

import re
from collections.abc import Callable

from trainer.files.errors import UserError
from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import on_meta
from trainer.networks.matching import Tensors, shared, spellings, under
from trainer.networks.signatures import nearest

AS_ONNX = 'torch.onnx.export(model.eval(), torch.rand(1, 3, 224, 224), "network.onnx")'
"""The line that exports any network."""
MERGED = "torch.save(model.merge_and_unload().state_dict(), PATH)"
_LORA = re.compile(r"(^|\.)lora_[AB](\.|$)")
_PARAMETRISED = re.compile(r"(?:(?P<layer>.+)\.)?parametrizations\.(?P<leaf>\w+)\.")
_OBSERVED = re.compile(r"(^|\.)(activation_post_process|weight_fake_quant)\.")


def refuse_altered(tensors: Tensors, file: str) -> None:
    """UserError where weights are parts of a LoRA or parametrised, prepared for quantisation, whole or without norms.

    The parametrisations that can be undone (weight norm, spectral norm) are no more among them.
    """
    found = next(filter(None, map(_PARAMETRISED.match, tensors)), None)
    if found:
        layer, leaf = found["layer"] or "", found["leaf"]
        weight, part = (f"{layer}.{leaf}", f'model.get_submodule("{layer}")') if layer else (leaf, "model")
        raise UserError(
            f'{file} holds the weight "{weight[:80]}" as a parametrization that this program cannot undo; compute it '
            f"where it was made, before its network is saved: torch.nn.utils.parametrize.remove_parametrizations({part}"
            f', "{leaf}") for each layer that has one, then torch.save(model.state_dict(), PATH).'
        )
    for is_so, text in _KINDS:
        if is_so(tensors):
            raise UserError(f"{file} {text}")


def _adapted(tensors: Tensors) -> bool:
    return any(map(_LORA.search, tensors))


def _observed(tensors: Tensors) -> bool:
    return any(map(_OBSERVED.search, tensors))


def _whole_numbers(tensors: Tensors) -> bool:
    return any(
        tensor.dim() == 4 and not tensor.is_floating_point() and name.endswith("weight")
        for name, tensor in tensors.items()
    )


def _fused(tensors: Tensors) -> bool:
    """Whether these are the convolutions of a network of torchvision with norms, with biases in place of the norms."""
    convolutions = [name for name, tensor in tensors.items() if tensor.dim() == 4]
    biases = [f"{name.removesuffix('weight')}bias" for name in convolutions]
    if not convolutions or any(name.endswith("running_mean") for name in tensors) or not set(biases) <= set(tensors):
        return False
    inside = list(spellings(tensors))[-1]
    inside = under(inside, shared(inside)) or inside
    for name in nearest(tv.table(), inside):
        with on_meta():
            own = tv.build(name).state_dict()
        expected = {key for key, tensor in own.items() if tensor.dim() == 4}
        if any(key.endswith("running_mean") for key in own) and expected == {
            key for key, tensor in inside.items() if tensor.dim() == 4
        }:
            return True
    return False


_KINDS: tuple[tuple[Callable[[Tensors], bool], str], ...] = (
    (
        _adapted,
        "holds a LoRA's parts beside the weights that they change, or alone; merge them where it was made: "
        f"{MERGED}, where model is the PeftModel.",
    ),
    (
        _observed,
        "holds a network that was prepared for quantisation (its observers or fake quantisation are in the file); save "
        "the one of before, which was given to prepare or prepare_qat: torch.save(model.state_dict(), PATH).",
    ),
    (
        _whole_numbers,
        "holds weights of convolutions as whole numbers (int8), without what they stand for; save those of the network "
        "as it was before it was quantised (float32): torch.save(model.state_dict(), PATH).",
    ),
    (
        _fused,
        "holds a network whose batch norms are fused into its convolutions; save the one of before they were fused: "
        f"torch.save(model.state_dict(), PATH), or export this one as ONNX, which opens: {AS_ONNX}.",
    ),
)
