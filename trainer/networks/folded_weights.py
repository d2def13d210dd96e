"""Weights that a training keeps in parts, pruned or normalised, as the one tensor that the network uses."""

from collections.abc import Callable, Iterable

import torch

from trainer.networks.matching import Tensors


def folded(tensors: Tensors) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """The tensors with those of `torch.nn.utils.prune` and of its weight and spectral norms computed, and sentences.

    Parts whose shapes do not go together are left as they are.
    """
    merged, notes = dict(tensors), []
    for text, leaves, compute in _KINDS:
        done = []
        leaf_name = "bias" if leaves[0].startswith("bias") else "weight"
        for start in [name.removesuffix(leaves[0]) for name in merged if name.endswith(f".{leaves[0]}")]:
            parts = {start + leaf: merged[start + leaf] for leaf in leaves if start + leaf in merged}
            name = f"{start}{leaf_name}"
            weight = None if len(parts) < len(leaves) or name in merged else _computed(compute, parts.values())
            if weight is not None:  # it takes the place of the first, since an order may tell what network it is
                merged = {name if key == start + leaves[0] else key: value for key, value in merged.items()}
                merged = {key: value for key, value in merged.items() if key not in parts} | {name: weight}
                done.append(name)
        if done:
            more = f" and {len(done) - 1} more" if len(done) > 1 else ""
            notes.append(f"{text}: {done[0][:60]}{more}.")
    return merged, tuple(notes)


def _computed(compute: Callable[..., torch.Tensor], parts: Iterable[torch.Tensor]) -> torch.Tensor | None:
    try:
        return compute(*parts).contiguous()
    except (RuntimeError, IndexError):  # torch's words for shapes that do not go together
        return None


def _masked(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return values * mask.expand(values.shape)


def _of_length(length: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    axes = [axis for axis, side in enumerate(length.shape) if side == 1]
    whole = length.dim() == 0  # one length for the whole weight
    norms: torch.Tensor = torch.linalg.vector_norm(direction, dim=axes or None, keepdim=not whole)
    if norms.shape != length.shape:
        raise IndexError("the lengths are those of another weight")
    return direction * (length / norms)


def _of_norm_one(values: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return values / torch.dot(left, values.flatten(1) @ right)


_NEW = "parametrizations.weight"
_KINDS: tuple[tuple[str, tuple[str, ...], Callable[..., torch.Tensor]], ...] = (
    ("Pruned weights were set to zero by their masks", ("weight_orig", "weight_mask"), _masked),
    ("Pruned weights were set to zero by their masks", ("bias_orig", "bias_mask"), _masked),
    ("Weights were computed from their weight norm", ("weight_g", "weight_v"), _of_length),
    ("Weights were computed from their weight norm", (f"{_NEW}.original0", f"{_NEW}.original1"), _of_length),
    ("Weights were computed from their spectral norm", ("weight_orig", "weight_u", "weight_v"), _of_norm_one),
    (
        "Weights were computed from their spectral norm",
        (f"{_NEW}.original", f"{_NEW}.0._u", f"{_NEW}.0._v"),
        _of_norm_one,
    ),
)
"""What is said, the parts of a weight beside each other, and how they give it."""
