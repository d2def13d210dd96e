"""What `prepare` says about a set: what a given split leaves open, which pictures are pairs, what is unknown."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainer.cohort.diagnoses import Classified
from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.wording import listed

_FEW, _FAR = 20, 10
"""Pictures of which shares say something, and how far (in percent of all) a part may be from its own."""

_SMALL, _NARROW = 32, 8
"""Pixels of a picture's shorter side that show hardly anything, and how many times as long its longer side may be."""


def check_known(classified: Classified, pictures: int, tree: str = "") -> None:
    """UserError where the table does not know a diagnosis, or the `tree` of this name."""
    unknown = {diagnosis: count for (diagnosis, meaning), count in classified.table.items() if meaning == "unknown"}
    if unknown:
        named = [
            f"{printable(word, 60)} ({count:,})" for word, count in sorted(unknown.items(), key=lambda pair: -pair[1])
        ]
        own = (
            "say what they are in a table of your own (--diagnoses), make each diagnosis a class (--classes diagnosis)"
        )
        way_out = "put them below a parent" if tree else own
        raise UserError(
            f"{sum(unknown.values()):,} of {pictures:,} pictures have a diagnosis that {tree or 'the table'} does not "
            f"know: {listed(named, 8)}; {way_out}, or leave these pictures out (--unknown leave-out)."
        )


def about_given(apart: int, first: Sequence[str], parts: Collection[str], *, validation: bool) -> list[str]:
    """Sentences on what a given split leaves open, and whether a validation part is made of its train part."""
    notes = []
    if apart:
        notes.append(
            f"{apart} pictures have no part and are left out ({first[0]} first); name their folders train, val or "
            "test, or split all pictures anew with --own-split."
        )
    for part in ("validation", "test") if validation else ("test",):
        if part not in parts:
            notes.append(
                f"The given split has no {part} part: a fifth of its train part became it (--own-split makes another"
                f"{', --no-validation does without' if part == 'validation' else ''})."
            )
    return notes


def about_pairs(
    pairs: npt.NDArray[np.intp], labels: npt.NDArray[np.int64], groups: Sequence[str], digests: Sequence[str]
) -> list[str]:
    """Sentences on near-duplicates (n, 2) and what their being kept together changes."""
    if not len(pairs):
        return []
    first, second = pairs[:, 0], pairs[:, 1]
    same = sum(digests[i] == digests[j] for i, j in pairs.tolist())
    apart = sum(groups[i] != groups[j] for i, j in pairs.tolist())
    notes = [
        f"{len(pairs)} pairs of near-duplicates, {same} of them the same file twice; "
        f"{apart} were not of one group before and are kept together now."
    ]
    disagreeing = int((labels[first] != labels[second]).sum())
    return notes + ([f"{disagreeing} of these pairs carry different classes."] if disagreeing else [])


def about_shares(parts: npt.NDArray[np.str_], groups: Sequence[str], *, validation: bool) -> tuple[str, list[str]]:
    """The shares of a new split (N), and a sentence where whole groups keep them far from those that it is made for."""
    wanted = {"train": 64, "validation": 16, "test": 20} if validation else {"train": 80, "validation": 0, "test": 20}
    aim = " / ".join(map(str, wanted.values()))
    counts = {part: int((parts == part).sum()) for part in wanted}
    shares = {part: 100 * count / len(parts) for part, count in counts.items()}
    if len(parts) < _FEW or all(abs(shares[part] - share) <= _FAR for part, share in wanted.items()):
        return f"{aim} %", []
    largest, size = Counter(groups).most_common(1)[0]
    told = [f"{count:,} ({part})" for part, count in counts.items() if wanted[part]]
    percents = [str(share) for share in wanted.values() if share]
    return " / ".join(f"{share:.0f}" for share in shares.values()) + " %", [
        f"The parts hold {', '.join(told[:-1])} and {told[-1]} of {len(parts):,} pictures, not "
        f"{', '.join(percents[:-1])} and {percents[-1]} %, since what belongs together stays together: "
        f"{printable(largest, 60)} alone has {size:,}. If that is no name, leave its cells in the table empty."
    ]


def absent(parts: npt.NDArray[np.str_], labels: npt.NDArray[np.int64], classes: Sequence[str]) -> list[str]:
    """Sentences on classes that a given split's test part lacks; nothing can be said of those."""
    counts = np.bincount(labels[parts == "test"], minlength=len(classes))
    absent = [name for name, count in zip(classes, counts, strict=True) if not count]
    return [f"The given split has no test pictures of {', '.join(absent)}."] if absent else []


def about_whole(names: Sequence[str], pictures: int) -> list[str]:
    """What to say of pictures that have no lesion for a field of view to be around."""
    if not names:
        return []
    return [
        f"In {len(names):,} of {pictures:,} pictures no lesion was found; they are kept whole ({listed(names, 3)})."
    ]


def about_small(sizes: Mapping[str, tuple[int, int]]) -> list[str]:
    """A sentence on pictures, with the (width, height) of their files, that are too small or narrow to show much."""
    small = [
        f"{name}, {width:,} x {height:,}"
        for name, (width, height) in sizes.items()
        if min(width, height) > 0 and (min(width, height) < _SMALL or max(width, height) > _NARROW * min(width, height))
    ]
    if not small:
        return []
    subject = "1 picture is" if len(small) == 1 else f"{len(small):,} pictures are"
    return [
        f"{subject} very small or narrow ({printable(small[0], 90)}{' first' * (len(small) > 1)}), and kept; look at "
        f"{'it' if len(small) == 1 else 'them'}."
    ]
