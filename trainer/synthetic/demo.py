"""The 24 drawn pictures with which the program opens, chosen by eye from many seeds."""

from trainer.synthetic.picture import SyntheticPicture, draw

SIZE = 448

# What the demo network calls what `draw` calls malignant and benign: it learned melanoma against everything else.
CLASSES = {"malignant": "melanoma", "benign": "other"}

# Seed, label, Fitzpatrick type, optional concepts; every type, and every concept on both labels.
RECIPES: tuple[tuple[int, str, int, str], ...] = (
    (2001, "malignant", 2, "dark ruler"),
    (1009, "benign", 4, "dark hair corner"),
    (1007, "benign", 2, "hair ruler"),
    (2002, "malignant", 3, "dark bubble"),
    (1023, "benign", 6, "reflection bubble"),
    (2030, "malignant", 1, "dark patch"),
    (2004, "malignant", 5, "dark corner"),
    (1012, "benign", 1, "dark hair"),
    (2027, "malignant", 4, "dark reflection"),
    (1029, "benign", 2, "ink"),
    (1032, "benign", 5, "hair bubble"),
    (2020, "malignant", 3, "dark hair bubble"),
    (2005, "malignant", 6, "dark ink"),
    (1006, "benign", 1, "dark patch"),
    (1015, "benign", 4, "dark reflection"),
    (2024, "malignant", 1, "dark hair"),
    (1028, "benign", 3, "corner"),
    (2022, "malignant", 5, "dark"),
    (2035, "malignant", 2, "dark reflection bubble"),
    (1022, "benign", 5, ""),
    (2021, "malignant", 4, "dark hair corner"),
    (1008, "benign", 3, "hair bubble"),
    (1017, "benign", 6, "ink"),
    (2011, "malignant", 6, "dark reflection bubble"),
)


def demo_pictures() -> list[SyntheticPicture]:
    """Draw the pictures in the order of their numbers, with the masks that the shipped files lack."""
    return [
        draw(seed, size=SIZE, label=label, skin=skin, concepts=frozenset(concepts.split()))
        for seed, label, skin, concepts in RECIPES
    ]
