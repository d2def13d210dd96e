"""Writes a network as an ONNX file that describes itself, and checks it against the network before it is kept."""

import contextlib
import importlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec

CLOSE = 1e-4
"""Largest difference of two scores, as a part of the scores' range."""
OPSET = 17


def export_onnx(
    module: nn.Module,
    classes: Sequence[str],
    input_spec: InputSpec,
    path: Path,
    *,
    independent: bool = False,
    title: str = "",
    facts: Mapping[str, str] | None = None,
) -> tuple[float, str]:
    """Write a network that answers with logits as ONNX; how far the file's answers lie from its, and who computed them.

    The file takes `picture` (n, channels, h, w) float32, normalised, any n, and gives `logits` (n, classes), or of
    classes that are decided each for itself, `probabilities`; its notes name classes and input, so that the explorer
    opens it as it is, and whatever else the `facts` say. The difference is the largest of two scores, as a part of
    their range, on three pictures. UserError where onnx is missing, where the network cannot be written so,
    or where the file's answers are others: then nothing is written.
    """
    try:
        import onnx
    except ImportError as error:
        raise UserError("Writing ONNX files needs the package onnx: pip install onnx.") from error
    module = module.eval()
    hook = module.register_forward_hook(lambda _module, _inputs, out: out.sigmoid()) if independent else None
    pictures = _pictures(input_spec)
    content = io.BytesIO()
    answer = "probabilities" if independent else "logits"
    try:
        with _quiet(), torch.inference_mode():
            expected = module(torch.from_numpy(pictures)).numpy()
            torch.onnx.export(
                module,
                (torch.from_numpy(pictures),),
                content,  # type: ignore[arg-type]  # the exporter that needs no further package takes one
                dynamo=False,
                opset_version=OPSET,
                input_names=["picture"],
                output_names=[answer],
                dynamic_axes={"picture": {0: "n"}, answer: {0: "n"}},
            )
    except Exception as error:  # torch raises a kind of its own for each operation that ONNX has not
        reason = next(iter(str(error).splitlines()), "")
        raise UserError(f"This network cannot be written as ONNX ({type(error).__name__}: {reason[:160]}).") from error
    finally:
        if hook:
            hook.remove()
    model = onnx.load_model_from_string(content.getvalue())
    notes = {
        "classes": json.dumps(list(classes), ensure_ascii=False),
        "input": json.dumps(input_spec.to_dict()),
        "input_size": json.dumps(list(input_spec.size)),
        "mean": json.dumps(list(input_spec.mean)),
        "std": json.dumps(list(input_spec.std)),
        "title": title,
        **(facts or {}),
    }
    onnx.helper.set_model_props(model, notes)
    written = model.SerializeToString()
    answers, by = _answers(written, path, input_spec, pictures, independent=independent)
    distance = float(np.abs(answers - expected).max() / max(float(np.ptp(expected)), 1e-12))
    if answers.shape != expected.shape or not distance <= CLOSE:
        raise UserError(
            f"{by} computes other scores from the ONNX file than the network gives ({distance:.2g} of their range), so "
            "that it was not written."
        )
    try:
        replace_file(path, written)
    except OSError as error:
        raise cannot_write(path, error) from error
    return distance, by


def _answers(
    content: bytes, path: Path, input_spec: InputSpec, pictures: npt.NDArray[np.float32], *, independent: bool
) -> tuple[npt.NDArray[np.float32], str]:
    """What an ONNX file of this content answers to pictures, and who says so: onnxruntime where it is there."""
    try:
        runtime: Any = importlib.import_module("onnxruntime")
    except ImportError:
        from trainer.networks.onnx_import.network import read_onnx

        module = read_onnx(path, content).answering().module(input_spec.size)
        scores = module(torch.from_numpy(pictures)).detach()  # those before a sigmoid at its end
        return (scores.sigmoid() if independent else scores).numpy(), "this program"
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"picture": pictures})[0]), "onnxruntime"


def _pictures(input_spec: InputSpec) -> npt.NDArray[np.float32]:
    """Three inputs (3, channels, h, w): noise, and blotches as in photographs."""
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (cells, cells, 3)).astype(np.uint8) for cells in (max(input_spec.size), 12, 5)]
    return np.stack([input_spec.prepare(rgb).numpy() for rgb in pictures])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's own remarks."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)
