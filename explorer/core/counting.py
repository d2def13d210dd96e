"""Numbers of things in words."""


def counted(number: int, thing: str) -> str:
    """How many of a thing, its plural with an s: "1 picture", "2,831 pictures"."""
    return f"{number:,} {thing}{'s' * (number != 1)}"
