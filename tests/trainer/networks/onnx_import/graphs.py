"""Small networks as ONNX files, and what onnxruntime makes of them."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from trainer.networks.onnx_import.network import OnnxNetwork, read_onnx

CLOSE = 1e-4
"""Largest difference of two scores, as a part of the scores' range."""


def exported(module: nn.Module, path: Path, side: int, *, new: bool = False, free: bool = False, **how: Any) -> Path:
    """The module as one of PyTorch's exporters writes it; `free` leaves the size of the batch open."""
    picture = torch.rand(2 if free else 1, 3, side, side)
    if free:
        how |= {"dynamic_shapes": ({0: "n"},)} if new else {"dynamic_axes": {"picture": {0: "n"}}}
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            torch.onnx.export(
                module.eval(), (picture,), str(path), dynamo=new, input_names=["picture"], verbose=False, **how
            )
    finally:
        logging.disable(logging.NOTSET)
    return path


def made(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    tensors: dict[str, np.ndarray],
    sides: Sequence[int | str] = (1, 3, 8, 8),
    *,
    outputs: Sequence[str] = ("y",),
    opset: int = 13,
    notes: dict[str, str] | None = None,
) -> Path:
    """A file of these nodes on the input "x"."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sides)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, notes or {})
    if all(node.domain == "" and onnx.defs.has(node.op_type) for node in nodes):
        model = onnx.shape_inference.infer_shapes(model)  # the checker wants the outputs' shapes
    path.write_bytes(model.SerializeToString())
    return path


def spread(module: nn.Module, side: int) -> nn.Module:
    """The module with batch norms that fit random pictures and no layer of zeros, so that its scores differ."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear) and not part.weight.any():
                nn.init.normal_(part.weight, std=0.1)
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = 1.0
                part.train()
        module(torch.rand(4, 3, side, side))
    return module.eval()


def difference(path: Path, size: tuple[int, int] = (0, 0)) -> tuple[float, OnnxNetwork]:
    """How far the network's answers to two pictures are from onnxruntime's, as a part of their range."""
    network = read_onnx(path).answering()
    size = network.input.size if network.input else size
    channels = network.pictures.channels
    pictures = torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(1))
    pictures *= 255 if network.pictures.bytes_inside else 1
    with torch.inference_mode():
        scores = network.module(size)(pictures)
    answer = {"": scores, "softmax": scores.softmax(-1), "sigmoid": scores.sigmoid()}[network.ending]
    expected = told(path, pictures.permute(network.pictures.order).numpy())
    assert answer.numel() == expected.size
    assert len({tuple(row) for row in expected.reshape(2, -1).round(6)}) == 2, "the pictures must be told apart"
    gap = float(np.abs(answer.numpy().reshape(expected.shape) - expected).max())
    return gap / float(expected.max() - expected.min()), network


def told(path: Path, pictures: np.ndarray) -> np.ndarray:
    """What onnxruntime answers, one picture after the other where the file takes only one."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (port,) = session.get_inputs()
    parts = [pictures] if not isinstance(port.shape[0], int) else [picture[None] for picture in pictures]
    return np.concatenate(
        [session.run(None, {port.name: np.ascontiguousarray(part)})[0].reshape(len(part), -1) for part in parts]
    )
