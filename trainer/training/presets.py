"""The recipes that have a name."""

from dataclasses import replace

from trainer.training.recipe import Augmentation, Data, Learning, Machine, Network, Recipe

_PAPER = Recipe(
    data=Data(size=224, resize_to=0, test_crop="centre"),
    augmentation=Augmentation(
        crop="random",
        rotation=(0.0, 1.0),
        flip_horizontal=True,
        flip_vertical=True,
        brightness=(-0.5, 0.5),
        contrast=(-0.7, 0.7),
        hue=(-0.02, 0.02),
        saturation=(0.7, 1.5),
    ),
    learning=Learning(
        epochs=192,
        batch=96,
        imbalance="sampling",
        optimiser="adam",
        learning_rate=1e-4,
        betas=(0.9, 0.999),
    ),
    machine=Machine(save_every=20.0),  # 0.45 GB a time, and a GPU's epoch takes less than a second
)
"""Van Molle et al. (2018), section 3.1, on pictures stored as 300 x 300; what it leaves open is said in `recipe`."""

_DEMO = Recipe(
    data=Data(size=224, resize_to=224),
    network=Network(bottleneck=64, dropout=0.3),
    augmentation=Augmentation(
        rotation=(0.0, 1.0),
        flip_horizontal=True,
        zoom=(0.85, 1.5),
        stretch=1.25,
        shift=0.05,
        brightness=(-0.12, 0.12),
        contrast=(-0.25, 0.25),
        hue=(-0.02, 0.02),
        saturation=(0.75, 1.25),
        tint=0.08,
        corners=0.2,
    ),
    learning=Learning(
        epochs=36,
        batch=32,
        imbalance="sampling",
        smoothing=0.05,
        optimiser="adamw",
        learning_rate=5e-4,
        weight_decay=0.02,
        clip=1.0,
        average=0.995,
        schedule="one-cycle",
        chosen="last",
    ),
    machine=Machine(half=True),
)
"""A network of the paper's kind that is small enough to ship, trained on few pictures.

Color, tint, dark corners and geometry reach far, because it will be shown pictures of other places; the last epoch
is kept, because the validation part is too small to choose among epochs by. docs/demo-network.md has the figures.
"""

_COLORS = Augmentation(
    crop="random",
    rotation=(0.0, 1.0),
    flip_horizontal=True,
    brightness=(-0.1, 0.1),
    contrast=(-0.2, 0.2),
    hue=(-0.01, 0.01),
    saturation=(0.8, 1.2),
)
_IMAGENET = Data(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def _from_scratch(architecture: str, data: Data, batch: int) -> Recipe:
    """A network of torchvision with color changes that leave a lesion a lesion, annealed with warm restarts."""
    return Recipe(
        data=data,
        network=Network(architecture=architecture),
        augmentation=_COLORS,
        learning=Learning(
            epochs=31,  # cycles of 1, 2, 4, 8 and 16 epochs
            batch=batch,
            imbalance="weights",
            optimiser="adamw",
            learning_rate=1e-3,
            weight_decay=0.01,
            schedule="cosine",
        ),
    )


def _transfer(architecture: str, data: Data, batch: int) -> Recipe:
    """From weights of ImageNet by plain SGD (Esteva et al., 2017, methods), the head first and then all parameters.

    Earlier layers learn more slowly, as in Mishra et al. (2019), section 3.
    """
    recipe = _from_scratch(architecture, data, batch)
    learning = replace(
        recipe.learning,
        epochs=34,  # three for the head, then the cycles
        optimiser="sgd",
        learning_rate=1e-2,
        weight_decay=1e-4,
        depth_decay=0.1,
        head_epochs=3,
    )
    return replace(recipe, network=replace(recipe.network, weights="imagenet"), learning=learning)


_INCEPTION = replace(_IMAGENET, size=299, mean=(0.5,) * 3, std=(0.5,) * 3)
"""torchvision's weights of this network expect [-1, 1], whatever ImageNet's mean is."""

_GUIDE = Recipe(
    data=Data(size=64, resize_to=64, mean=(0.767, 0.538, 0.562), std=(0.129, 0.153, 0.169)),
    network=Network(architecture="lenet"),
    augmentation=Augmentation(rotation=(-1 / 6, 1 / 6), flip_horizontal=True, flip_vertical=True),
    learning=Learning(epochs=60, batch=64, imbalance="weights", learning_rate=1e-5),
)
"""LeNet as the tutorial of Mazumder et al. on HAM10000 trains it: Adam at 1e-5, weights by median frequency, flips and
turns of up to 60 degrees, mean and std taken off. Those are of every third of 2,831 HAM10000 pictures (centre squares);
size, batch and epochs are this program's choice.
"""

PRESETS: dict[str, Recipe] = {
    "paper": _PAPER,
    "demo": _DEMO,
    "lenet": Recipe(
        data=Data(size=64, resize_to=80),
        network=Network(architecture="lenet"),
        augmentation=_COLORS,
        learning=Learning(epochs=60, batch=64, imbalance="sampling", learning_rate=1e-3),
    ),
    "lenet-guide": _GUIDE,
    "resnet18": _from_scratch("resnet18", _IMAGENET, 64),
    "resnet50": _from_scratch("resnet50", _IMAGENET, 32),
    "resnet152": _from_scratch("resnet152", _IMAGENET, 32),
    "inception_v3": _from_scratch("inception_v3", _INCEPTION, 32),
    "resnet18-transfer": _transfer("resnet18", _IMAGENET, 64),
    "resnet50-transfer": _transfer("resnet50", _IMAGENET, 32),
    "inception_v3-transfer": _transfer("inception_v3", _INCEPTION, 32),
}
"""Recipes by name."""
