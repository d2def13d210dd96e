"""Which rule says how a change in a window passes through an operation.

To add an operation, write its rule (see `delta.Rule`) beside its kin, in `rules_conv_pool`, `rules_elementwise` or
`rules_fully_connected`, and name it here by its module's class or its function's name. What is not here runs whole.
"""

from explorer.core.incremental import rules_conv_pool, rules_elementwise, rules_fully_connected
from explorer.core.incremental.delta import Rule

MODULES = "ReLU ReLU6 LeakyReLU ELU SELU CELU PReLU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh Softplus"
FUNCTIONS = "relu relu6 relu_ leaky_relu elu selu gelu silu mish hardswish hardsigmoid hardtanh sigmoid tanh softplus"
BOUNDS = "clamp clamp_ clamp_min clamp_min_ clip clip_ threshold threshold_ Threshold hardtanh_ relu6_"
"""What bounds values one by one: activations too, which have no rule here."""

RULES: dict[str, Rule] = {
    "Conv2d": rules_conv_pool.conv,
    **dict.fromkeys(("ZeroPad2d", "ConstantPad2d"), rules_conv_pool.pad),
    **dict.fromkeys(("MaxPool2d", "max_pool2d"), rules_conv_pool.max_pool),
    **dict.fromkeys(("AvgPool2d", "avg_pool2d"), rules_conv_pool.average_pool),
    **dict.fromkeys(("AdaptiveAvgPool2d", "adaptive_avg_pool2d"), rules_conv_pool.adaptive_pool),
    "mean": rules_conv_pool.mean,
    **dict.fromkeys(f"{MODULES} {FUNCTIONS}".split(), rules_elementwise.pointwise),
    "BatchNorm2d": rules_elementwise.batch_norm,
    **dict.fromkeys(("add", "iadd", "add_"), rules_elementwise.add),
    **dict.fromkeys(("cat", "concat"), rules_elementwise.concatenate),
    **dict.fromkeys(
        ("Dropout", "Dropout2d", "Identity", "dropout", "stochastic_depth", "contiguous"),
        rules_elementwise.same,
    ),
    **dict.fromkeys(("Flatten", "flatten"), rules_fully_connected.flatten),
    "Linear": rules_fully_connected.linear,
}
"""Rules by the name of a module's class or of a function."""
