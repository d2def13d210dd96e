"""Numbers of things in words, and names that fit where they stand."""


def counted(number: int, thing: str) -> str:
    """How many of a thing, its plural with an s: "1 picture", "2,831 pictures"."""
    return f"{number:,} {thing}{'s' * (number != 1)}"


def clipped(name: str, longest: int) -> str:
    """A name of at most about so many characters; its middle goes where it is too long."""
    return name if len(name) <= longest else f"{name[: longest // 2]}…{name[-longest // 2 + 1 :]}"
