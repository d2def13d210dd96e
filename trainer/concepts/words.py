"""The one set of words for what a person can see in a dermoscopy picture."""

CONCEPTS = (
    "lesion",
    "border",
    "dark",
    "uneven",
    "skin",
    "hair",
    "ruler",
    "reflection",
    "bubble",
    "ink",
    "patch",
    "corner",
)
"""Every concept that has a map, in the order in which they are shown."""

ARTIFACTS = ("hair", "ruler", "reflection", "bubble", "ink", "patch", "corner")
"""The concepts that are neither skin nor lesion."""
