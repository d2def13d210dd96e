"""Where a book of tags comes from: which bytes of a file, and which saves before it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

MOST_WRITERS = 64


@dataclass(frozen=True)
class Lineage:
    """The saves that a book was made from.

    `generation` counts the saves of a file, 0 = not known. `writers` has the last generation of each of the latest
    writers (a writer is one window, or one call of a script) whose saves are in the book. `digest` is the SHA-256 of
    the bytes that the book was read from or written to, "" = none. `writer` is who saves this book next.
    """

    generation: int = 0
    writers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    digest: str = ""
    writer: str = ""

    @classmethod
    def of(cls, generation: object, writers: object, digest: str) -> "Lineage":
        """The lineage that a file's attributes tell; an unknown one where they are missing or make no sense."""
        try:
            known: Any = json.loads(writers) if isinstance(writers, str) else {}
        except (ValueError, RecursionError):
            known = {}
        sensible = isinstance(known, dict) and all(type(number) is int for number in known.values())
        if type(generation) is not int or not 0 < generation < 2**63 or not sensible or len(known) > MOST_WRITERS:
            return cls(digest=digest)
        return cls(generation, MappingProxyType(known), digest)

    def next(self) -> "Lineage":
        """The lineage of the save that comes next."""
        writer = self.writer or os.urandom(6).hex()
        known = dict(self.writers) | {writer: self.generation + 1}
        latest = sorted(known.items(), key=lambda item: item[1])[-MOST_WRITERS:]
        return Lineage(self.generation + 1, MappingProxyType(dict(latest)), "", writer)

    def over(self, other: "Lineage") -> "Lineage":
        """The lineage of a book that both were merged into."""
        known = {
            writer: max(self.writers.get(writer, 0), other.writers.get(writer, 0))
            for writer in (*self.writers, *other.writers)
        }
        return replace(self, generation=max(self.generation, other.generation), writers=MappingProxyType(known))

    def descends(self, base: "Lineage") -> bool:
        """Whether it is certain that this was made from `base`, so that what is missing here was taken away."""
        last = [writer for writer, number in base.writers.items() if number == base.generation]
        return bool(last) and all(self.writers.get(writer, 0) >= base.generation for writer in last)

    def writers_text(self) -> str:
        """The writers as a file keeps them."""
        return json.dumps(dict(self.writers), sort_keys=True)
