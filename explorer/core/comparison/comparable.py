"""What of two networks can be compared, and what cannot, in words."""

from explorer.core.network.opening import Network

SEEN_OTHERWISE = {
    "size": "size",
    "resize": "cut",
    "resize_to": "cut",
    "mean": "normalisation",
    "std": "normalisation",
    "color_constancy": "preprocessing",
    "gamma": "preprocessing",
    "illumination": "preprocessing",
    "fill_corners": "preprocessing",
    "field_of_view": "field of view",
}
"""What is another where a field of the input specification is."""


def same_layers(first: Network, second: Network) -> bool:
    """Whether both have the same layers, so that filters have common numbers and values a common scale."""
    layers = [[(layer.name, layer.filters, layer.norm) for layer in network.layers] for network in (first, second)]
    return layers[0] == layers[1]


def not_comparable(first: Network, second: Network) -> tuple[str, ...]:
    """A sentence for everything that a person must not compare; none for two checkpoints of one architecture."""
    notes = []
    if not same_layers(first, second):
        notes.append(
            f"A and B have other layers ({len(first.layers)} and {len(second.layers)}): filters have no common "
            "numbers and values no common scale."
        )
    if not set(first.classes) & set(second.classes):
        notes.append("A and B have no class in common: their predictions cannot be compared.")
    elif set(first.classes) != set(second.classes):
        notes.append("Only the classes that both have can be compared.")
    if first.input != second.input:
        own, other = vars(first.input), vars(second.input)
        differ = {words for name, words in SEEN_OTHERWISE.items() if own[name] != other[name]}
        notes.append(f"A and B see pictures otherwise: another {' and '.join(sorted(differ))}.")
    return tuple(notes)
