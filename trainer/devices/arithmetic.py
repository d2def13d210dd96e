"""How a GPU computes: its float32, its choice of kernels, and whether every run takes the same ones."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch


@contextlib.contextmanager
def computing(device: torch.device, *, tf32: bool = False, deterministic: bool = False) -> Iterator[None]:
    """On this device, with this arithmetic; afterwards everything is as it was. Nothing changes but for a GPU."""
    if device.type != "cuda":
        yield
        return
    # Captures and streams belong to the current device.
    with torch.cuda.device(device), arithmetic(tf32=tf32, deterministic=deterministic):
        yield


@contextlib.contextmanager
def arithmetic(*, tf32: bool = False, deterministic: bool = False) -> Iterator[None]:
    """float32 rounded to TF32's 10 bits of mantissa, or float32; the fastest kernels, or the same ones in every run.

    Batches have the same shape in every step, so that cuDNN may try its kernels once and keep the fastest.
    """
    cudnn = torch.backends.cudnn
    rounding = [backend.fp32_precision for backend in _places()]
    flags = cudnn.benchmark, cudnn.deterministic
    strict = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    set_rounding("tf32" if tf32 else "ieee")
    cudnn.benchmark, cudnn.deterministic = not deterministic, deterministic
    if deterministic:  # cuBLAS asks for it before its first product
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Some poolings have no such kernel: then the library warns, and goes on.
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    try:
        yield
    finally:
        for backend, precision in zip(_places(), rounding, strict=True):
            backend.fp32_precision = precision
        cudnn.benchmark, cudnn.deterministic = flags
        torch.use_deterministic_algorithms(strict[0], warn_only=strict[1])


def set_rounding(kind: str) -> None:
    """ "ieee": float32 means float32 on a GPU; "tf32": products are rounded. By itself torch rounds convolutions."""
    for backend in _places():
        backend.fp32_precision = kind


def computes_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; a processor without takes 14 times as long as for float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        available: Callable[[], bool] = torch.backends.mkldnn.is_available
        return available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return True


def number_type(precision: str, device: torch.device) -> torch.dtype:
    """In what a network is computed where a recipe asks for "bfloat16", "tf32" or "float32": bfloat16 or float32."""
    return torch.bfloat16 if precision == "bfloat16" and computes_bfloat16(device) else torch.float32


def facts(device: torch.device) -> dict[str, bool]:
    """How a GPU computes at this moment; empty for other devices."""
    if device.type != "cuda":
        return {}
    return {
        "tf32": any(backend.fp32_precision == "tf32" for backend in _places()),
        "cudnn_benchmark": bool(torch.backends.cudnn.benchmark),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def _places() -> tuple[Any, ...]:
    return torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
