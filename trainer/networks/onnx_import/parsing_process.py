"""The bytes of an ONNX file -> what is in it; run as a program it does so for bytes on its standard input.

Parsers written in C++ can crash or hang on bytes that somebody prepared. So `onnx_file` runs this module by its path in
a process of its own: it imports nothing of this project, and what it prints is plain: the length of a JSON object (8
bytes, little-endian), the object, and the numbers of all tensors one after the other.
"""

import ast
import contextlib
import graphlib
import json
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto, numpy_helper

MOST_NODES, MOST_TENSORS, LONGEST_NAME, LONGEST_NOTE = 50_000, 20_000, 1000, 1 << 20
SCOPES = "pkg.torch.onnx.name_scopes"
OWN_DOMAINS = ("", "ai.onnx")
LEFT_OVER = {
    "BatchNormalization": ("is_test", "consumed_inputs", "spatial"),
    "Dropout": ("is_test", "consumed_inputs"),
    "Relu": ("consumed_inputs",),
}
"""Attributes of the first versions of operators, which MATLAB writes into later ones, too."""
AGAIN = (
    'Export it with Keras\' own model.export(PATH, format="onnx"), or, where a Normalization layer is what lacks, with '
    "model.export(FOLDER) and python -m tf2onnx.convert --saved-model FOLDER --output network.onnx."
)
NUMBERS = {np.dtype(np.float32): "float32", np.dtype(np.int64): "int64", np.dtype(np.bool_): "bool"}
KINDS: dict[int, str] = {int(number): name for name, number in TensorProto.DataType.items()}
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
INTEGERS = {getattr(TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)}
WIDTHS: dict[int, int] = {TensorProto.DOUBLE: 8, TensorProto.INT64: 8, TensorProto.UINT64: 8, TensorProto.FLOAT: 4}
WIDTHS |= {TensorProto.INT32: 4, TensorProto.UINT32: 4, TensorProto.FLOAT16: 2, TensorProto.BFLOAT16: 2}
WIDTHS |= {TensorProto.INT16: 2, TensorProto.UINT16: 2, TensorProto.INT8: 1, TensorProto.UINT8: 1, TensorProto.BOOL: 1}


class Refused(ValueError):  # noqa: N818 - it is the file that has the error
    """The rest of a sentence that says why a file is refused."""


class Tensors:
    """The numbers of tensors, gathered to be printed: float32, int64 or bool."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def add(self, tensor: TensorProto) -> dict[str, Any]:
        """Where the numbers of a tensor stand in what is printed, or in which file beside the model's they stand."""
        shape = [int(side) for side in tensor.dims]
        kind = tensor.data_type
        if kind not in FLOATS | INTEGERS | {TensorProto.BOOL}:
            return {"shape": shape, "refused": KINDS.get(kind, str(kind))}
        if any(side < 0 for side in shape):
            raise Refused(f"is damaged: its tensor {tensor.name[:80]} has a negative side; copy or save it again.")
        if tensor.data_location == TensorProto.EXTERNAL:
            external = {entry.key: entry.value for entry in tensor.external_data}
            width = WIDTHS[kind]
            return {"shape": shape, "external": external, "kind": KINDS[kind], "bytes": math.prod(shape) * width}
        values = numpy_helper.to_array(tensor)
        if values.size != math.prod(shape):
            raise Refused(f"is damaged: its tensor {tensor.name[:80]} has another length than its shape says.")
        dtype = np.float32 if kind in FLOATS else np.bool_ if kind == TensorProto.BOOL else np.int64
        with np.errstate(all="ignore"):
            values = np.ascontiguousarray(values.astype(dtype))
        self.pieces.append(values.tobytes())
        return {"shape": shape, "kind": NUMBERS[values.dtype], "piece": len(self.pieces) - 1}


def described(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What is in a file, and the numbers of its tensors; Refused where it is none that can be read."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise Refused("is damaged or no ONNX model; copy or export it again.") from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise Refused("is damaged or no ONNX model: it holds no operations; copy or export it again.")
    for what, count, most in (
        ("operations", len(graph.node), MOST_NODES),
        ("tensors", len(graph.initializer), MOST_TENSORS),
    ):
        if count > most:
            raise Refused(f"holds {count:,} {what}, more than any network here can have.")
    versions = {entry.domain: entry.version for entry in model.opset_import}
    opset = next((versions[domain] for domain in OWN_DOMAINS if domain in versions), 0)
    if opset < 1:
        raise Refused("does not say which version of ONNX's operators it uses; export it again.")
    newest = onnx.defs.onnx_opset_version()
    if opset > newest:
        raise Refused(
            f"is written in version {opset} of ONNX's operators, and the installed onnx knows {newest}; update it: "
            "pip install --upgrade onnx"
        )
    model = _inlined(model)
    mended = _mended(model.graph)
    # What ONNX does not know is named by whoever looks for its operators.
    if all(onnx.defs.has(node.op_type, opset, "") for node in model.graph.node if node.domain in OWN_DOMAINS):
        _check(model)
    graph = model.graph
    tensors = Tensors()
    initializers = {tensor.name: tensors.add(tensor) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise Refused("holds sparse weights, which are not read; export it with plain ones.")
    description = {
        "opset": opset,
        "producer": model.producer_name[:200],
        "mended": mended,
        "notes": {
            entry.key[:LONGEST_NAME]: entry.value for entry in model.metadata_props if len(entry.value) <= LONGEST_NOTE
        },
        "tensors": initializers,
        "nodes": [
            {
                "operator": node.op_type,
                "domain": "" if node.domain in OWN_DOMAINS else node.domain,
                "name": node.name[:LONGEST_NAME],
                "inputs": list(node.input),
                "outputs": list(node.output),
                "attributes": {attribute.name: _value(attribute, tensors) for attribute in node.attribute},
                "scope": _scope(node),
            }
            for node in graph.node
        ],
        "inputs": _inputs(graph, initializers),
        "outputs": [_port(port) for port in graph.output],
        "pieces": [len(piece) for piece in tensors.pieces],
    }
    return description, tensors.pieces


def _inlined(model: ModelProto) -> ModelProto:
    if not model.functions:
        return model
    from onnx import inliner

    try:
        inlined: ModelProto = inliner.inline_local_functions(model)
    except Exception as error:
        raise Refused(f"holds functions that cannot be read ({str(error)[:100]}); export it without them.") from error
    return inlined


def _mended(graph: GraphProto) -> list[str]:
    """Mend what exporters are known to leave, and say what changed a meaning: nodes without order, nodes that no output
    needs, attributes of older versions that only told training apart, names that differ by what TensorFlow appends.

    Refused where a node needs what nothing gives.
    """
    wanted, kept = {port.name for port in graph.output}, []
    for node in _ordered(graph):
        for entry in [entry for entry in node.attribute if entry.name in LEFT_OVER.get(node.op_type, ())]:
            if entry.name != "spatial" or entry.i == 1:  # else it is another operation
                node.attribute.remove(entry)
        kept.append(node)
    needed = []
    for node in reversed(kept):
        if wanted & set(node.output):
            needed.append(node)
            wanted.update(_uses(node))
    needed.reverse()
    given = {port.name for port in graph.input} | {tensor.name for tensor in graph.initializer}
    given.update(tensor.values.name for tensor in graph.sparse_initializer)
    available = given | {name for node in needed for name in node.output} | {""}
    by_stem: dict[str, list[str]] = {}
    for name in given - {""}:
        by_stem.setdefault(_stem(name), []).append(name)
    bound: dict[str, str] = {}
    lacking: dict[str, Any] = {}
    for node in needed:
        for position, name in enumerate(node.input):
            same = by_stem.get(_stem(name), [])
            if name not in available and len(same) == 1:
                node.input[position] = bound[name] = same[0]
            elif name not in available:
                lacking.setdefault(name, node)
    if lacking:
        named = [f'{name[:60]} (node "{(node.name or node.output[0])[:60]}")' for name, node in lacking.items()]
        raise Refused(f"lacks the values of {', '.join(named[:4])}: its exporter did not write them. {AGAIN}")
    if len(needed) != len(graph.node) or any(node is not other for node, other in zip(needed, graph.node, strict=True)):
        copies = [type(node).FromString(node.SerializeToString()) for node in needed]
        del graph.node[:]
        graph.node.extend(copies)
    return [f"{name[:60]} was read as {other[:60]}, which the file has instead." for name, other in bound.items()]


def _stem(name: str) -> str:
    """A tensor's name without what TensorFlow appends to that of a variable."""
    return re.sub(r"(/ReadVariableOp|/read|/Identity)?(/resource)?(:\d+)?$", "", name)


def _ordered(graph: GraphProto) -> list[Any]:
    """The nodes, each after those whose outputs it takes; as they are where they go in a circle."""
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    takes = {index: {makers.get(name, -1) for name in _uses(node)} - {-1} for index, node in enumerate(graph.node)}
    if all(max(sources, default=-1) < index for index, sources in takes.items()):
        return list(graph.node)
    try:
        return [graph.node[index] for index in graphlib.TopologicalSorter(takes).static_order()]
    except graphlib.CycleError:
        return list(graph.node)


def _uses(node: Any) -> list[str]:
    """The names that a node takes, those in graphs inside of it too."""
    inside = [attribute.g for attribute in node.attribute if attribute.type == AttributeProto.GRAPH]
    return [*node.input, *(name for graph in inside for part in graph.node for name in _uses(part))]


def _inputs(graph: GraphProto, initializers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The inputs that are none of the weights and that some node takes; all where none is taken."""
    ports = [port for port in graph.input if port.name not in initializers]
    taken = {name for node in graph.node for name in _uses(node)}
    return [_port(port) for port in ([port for port in ports if port.name in taken] or ports)]


def _check(model: ModelProto) -> None:
    outside = [tensor for tensor in model.graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    shapes = [list(tensor.dims) for tensor in outside]
    try:
        for tensor in outside:  # the checker would look for their files beside a model that has no folder here
            tensor.data_location, tensor.raw_data = TensorProto.DEFAULT, bytes(WIDTHS.get(tensor.data_type, 16))
            del tensor.dims[:]
        onnx.checker.check_model(model)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        raise Refused(f"is no valid ONNX model ({lines[0][:160]}); export it again.") from error
    finally:
        for tensor, shape in zip(outside, shapes, strict=True):
            tensor.data_location = TensorProto.EXTERNAL
            tensor.ClearField("raw_data")
            tensor.dims.extend(shape)


def _value(attribute: AttributeProto, tensors: Tensors) -> Any:
    kind = attribute.type
    if kind in (AttributeProto.FLOAT, AttributeProto.INT):
        return attribute.f if kind == AttributeProto.FLOAT else attribute.i
    if kind == AttributeProto.STRING:
        return attribute.s[:LONGEST_NOTE].decode("utf-8", "replace")
    if kind in (AttributeProto.FLOATS, AttributeProto.INTS):
        return list(attribute.floats if kind == AttributeProto.FLOATS else attribute.ints)
    if kind == AttributeProto.STRINGS:
        return [text[:LONGEST_NOTE].decode("utf-8", "replace") for text in attribute.strings]
    if kind == AttributeProto.TENSOR:
        return {"tensor": tensors.add(attribute.t)}
    return {"other": AttributeProto.AttributeType.Name(kind).lower()}


def _scope(node: Any) -> str:
    scopes = next((entry.value for entry in node.metadata_props if entry.key == SCOPES), "")[:LONGEST_NAME]
    with contextlib.suppress(Exception):
        path = ast.literal_eval(scopes)
        return str(path[-2]) if isinstance(path, list) and len(path) > 1 else ""
    return ""


def _port(port: ValueInfoProto) -> dict[str, Any]:
    tensor_type = port.type.tensor_type
    if not port.type.HasField("tensor_type"):
        return {"name": port.name, "sides": None, "kind": ""}
    sides = None
    if tensor_type.HasField("shape"):
        sides = [side.dim_value if side.dim_value > 0 else None for side in tensor_type.shape.dim]
    return {"name": port.name, "sides": sides, "kind": KINDS.get(tensor_type.elem_type, "")}


def answer(content: bytes) -> list[bytes]:
    """What is printed for a file, in parts: what is in it, or {"problem": ...}."""
    pieces: list[bytes] = []
    try:
        description, pieces = described(content)
    except Refused as error:
        description = {"problem": str(error)}
    except MemoryError:
        description = {"problem": "takes more memory than it may; export it again."}
    except Exception:  # a damaged file may hold anything, names that are no text for example
        description = {"problem": "is damaged or no ONNX model; copy or export it again."}
    head = json.dumps(description).encode()
    return [len(head).to_bytes(8, "little"), head, *pieces]


def main() -> None:
    """Print the answer for the file; words: the bytes of memory that this may take."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows and macOS may not know this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
    for part in answer(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(part)


if __name__ == "__main__":
    main()
