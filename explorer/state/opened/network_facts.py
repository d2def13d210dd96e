"""What is told of the open network: what it is, how a picture becomes its input, and what of that was only proposed."""

from typing import TYPE_CHECKING

from explorer.core.counting import counted
from explorer.core.muted_in_file import meaning_of, muted_sentence

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from trainer.networks.input_spec import InputSpec

MOST_CLASSES = 12


def lines_of(network: "Network") -> list[str]:
    """The network in a few lines; what its file did not say comes last."""
    filters = sum(layer.filters for layer in network.layers)
    more = " …" if len(network.classes) > MOST_CLASSES else ""
    muted = muted_sentence(network.training)
    lines = [
        f"{network.name}: {network.architecture}",
        *([muted] if muted else []),
        f"{counted(len(network.layers), 'convolutional layer')}, {counted(filters, 'filter')}",
        f"classes: {', '.join(network.classes[:MOST_CLASSES])}{more}",
        f"input: {input_words(network.input)}",
        f"digest {network.digest[:12]}",
    ]
    if meaning := meaning_of(network.training):
        lines.append(meaning)
    auc = network.training.get("auc_test")
    if auc is not None:
        lines.append(f"test AUC {auc}, 95 % interval {network.training.get('auc_test_interval')}")
    if network.licence:
        lines.append(f"terms: {network.licence}")
    return [*lines, *([f"\n{proposed_words(network)}"] if network.assumed else [])]


def proposed_words(network: "Network") -> str:
    """What the file did not say and what was taken instead; "" where it said everything."""
    if not network.assumed:
        return ""
    return "\n".join(("Proposed, because the file does not say it:", *(f"· {text}" for text in network.assumed)))


def input_words(spec: "InputSpec") -> str:
    """How a picture becomes the input of a network, in words."""
    height, width = spec.size
    if spec.resize == "shortest":
        way = f"shorter side to {spec.resize_to}, the centre cut out"
    elif spec.resize_to == min(spec.size):
        way = "the whole picture squashed to that"
    else:
        way = f"the whole picture squashed to {spec.resize_to}, the centre cut out"
    colors = "grey" if spec.channels == 1 else "RGB"
    mean, std = (", ".join(f"{number:.4g}" for number in numbers) for numbers in (spec.mean, spec.std))
    plain = not any(spec.mean) and all(number == 1 for number in spec.std)
    values = "values 0 to 1" if plain else f"mean {mean}; std {std}"
    changed = "; preprocessed before" if spec.preprocesses else ""
    return f"{height} × {width} {colors}, {way}; {values}{changed}"
