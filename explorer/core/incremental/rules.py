"""Which rule says how a change in a window passes through an operation.

To add an operation, write its rule (see `changes.Rule`) beside its kin, `rules_sliding`, `rules_pointwise` or
`rules_linear`, and name it here by its module's class or its function's name. What is not here runs whole.
"""

from explorer.core.incremental import rules_conv_pool as rules_sliding
from explorer.core.incremental import rules_elementwise as rules_pointwise
from explorer.core.incremental import rules_fully_connected as rules_linear
from explorer.core.incremental.delta import Rule

MODULES = "ReLU ReLU6 LeakyReLU ELU SELU CELU PReLU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh Softplus"
FUNCTIONS = "relu relu6 relu_ leaky_relu elu selu gelu silu mish hardswish hardsigmoid hardtanh sigmoid tanh softplus"

RULES: dict[str, Rule] = {
    "Conv2d": rules_sliding.conv,
    **dict.fromkeys(("ZeroPad2d", "ConstantPad2d"), rules_sliding.pad),
    **dict.fromkeys(("MaxPool2d", "max_pool2d"), rules_sliding.max_pool),
    **dict.fromkeys(("AvgPool2d", "avg_pool2d"), rules_sliding.average_pool),
    **dict.fromkeys(("AdaptiveAvgPool2d", "adaptive_avg_pool2d"), rules_sliding.adaptive_pool),
    "mean": rules_sliding.mean,
    **dict.fromkeys(f"{MODULES} {FUNCTIONS}".split(), rules_pointwise.pointwise),
    "BatchNorm2d": rules_pointwise.batch_norm,
    **dict.fromkeys(("add", "iadd", "add_"), rules_pointwise.add),
    **dict.fromkeys(("cat", "concat"), rules_pointwise.concatenate),
    **dict.fromkeys(
        ("Dropout", "Dropout2d", "Identity", "dropout", "stochastic_depth", "contiguous"),
        rules_pointwise.same,
    ),
    **dict.fromkeys(("Flatten", "flatten"), rules_linear.flatten),
    "Linear": rules_linear.linear,
}
"""Rules by the name of a module's class or of a function."""
