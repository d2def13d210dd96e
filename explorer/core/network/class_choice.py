"""Which class of a network a person means."""

import difflib
from collections.abc import Sequence

from explorer.core.errors import UserError

ALIKE = 0.6
"""How alike (0 to 1, by `difflib`) a name has to be to be proposed."""


def class_number(text: str, classes: Sequence[str], network: str) -> int:
    """The number of a class by its name, in any case and with spaces around where only one has it, or by its number.

    UserError where `network`, of these classes, has none of this name, with the one that is most alike.
    """
    wanted = text.strip().casefold()
    spelled = [name.strip().casefold() for name in classes]
    if text in classes:
        return list(classes).index(text)
    if spelled.count(wanted) == 1:
        return spelled.index(wanted)
    if text.isascii() and text.isdecimal() and int(text[:9]) < len(classes):
        return int(text)
    near = difflib.get_close_matches(wanted, spelled, 1, ALIKE)
    hint = f'; did you mean "{classes[spelled.index(near[0])]}"?' if near else "."
    more = f" and {len(classes) - 12} more" if len(classes) > 12 else ""
    raise UserError(f'{network} has no class "{text}"; its classes are {", ".join(classes[:12])}{more}{hint}')
