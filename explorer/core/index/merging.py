"""Few parts: an index keeps each of its parts open while somebody reads, and systems limit the files of a process."""

import math
from collections.abc import Sequence

from explorer.core.index.parts import Part, PartFolder
from explorer.core.progress import OnStep, no_step

MOST_PARTS = 160
"""A process may have 256 files open on macOS and 1,024 on most Linux systems; what it opens beside these has room."""
ROOM = 1.25
"""A part that is written together holds so many times what it had to: some may come before the next time."""


def fewer_parts(
    folder: PartFolder, parts: Sequence[Part], most: int = MOST_PARTS, on_step: OnStep = no_step
) -> list[Part]:
    """The parts, or where there are more than `most`, the smallest ones written together so that there are not.

    They are built in memory: 64 GB of answers, those of 26,560 filters on 100,000 pictures, in parts of 0.5 GB. The old
    ones stay on the disk. UserError where the disk refuses.
    """
    if len(parts) <= most:
        return list(parts)
    pictures = sum(len(part.digests) for part in parts)
    enough = math.ceil(ROOM * pictures / most)
    groups: list[list[Part]] = [[]]
    for part in sorted(parts, key=lambda part: len(part.digests)):
        if sum(len(member.digests) for member in groups[-1]) >= enough:
            groups.append([])
        groups[-1].append(part)
    merged = []
    for done, group in enumerate(groups):
        on_step(done, len(groups))
        merged.append(group[0] if len(group) == 1 else folder.write_together(group))
    return merged
