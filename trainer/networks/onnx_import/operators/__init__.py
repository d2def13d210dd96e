"""What each of ONNX's operators becomes: one entry in one of these modules, by the operator's name.

An operator takes the builder (whose `node` it is) and its inputs, None where an optional one is absent, and gives its
output; Unsupported says why this very node has none. It is written once: `Builder` computes what is known and adds to
the graph what depends on the picture.
"""

from trainer.networks.onnx_import.operators import (
    activations,
    arithmetic,
    convolutions,
    normalisations,
    pooling,
    products,
    reductions,
    resizing,
    selection,
    shapes,
)
from trainer.networks.onnx_import.operators.arguments import Operator

OPERATORS: dict[str, Operator] = {
    **activations.OPERATORS,
    **arithmetic.OPERATORS,
    **convolutions.OPERATORS,
    **normalisations.OPERATORS,
    **pooling.OPERATORS,
    **products.OPERATORS,
    **reductions.OPERATORS,
    **resizing.OPERATORS,
    **selection.OPERATORS,
    **shapes.OPERATORS,
}
