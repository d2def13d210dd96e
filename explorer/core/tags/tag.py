"""A filter's key, and one word that one person gave to it."""

import math
import operator
import re
from dataclasses import dataclass, field
from typing import Any

from explorer.core.errors import UserError
from explorer.core.tags.validation import (
    clean_confidence,
    clean_evidence,
    clean_text,
    clean_time,
    clean_word,
    evidence_text,
)

NONE = "none"
"""The word of a person who looked at a filter and saw nothing that has a name."""


@dataclass(frozen=True, order=True, slots=True)
class FilterKey:
    """A filter of a network: layer and filter count from 0; written `7:8`."""

    layer: int
    filter: int

    def __post_init__(self) -> None:
        for name in ("layer", "filter"):
            number = operator.index(getattr(self, name))
            if not 0 <= number < 2**31:
                raise UserError(f"{name} {number} is not a number of a {name}; they count from 0.")
            object.__setattr__(self, name, number)

    def __str__(self) -> str:
        return f"{self.layer}:{self.filter}"

    @classmethod
    def of(cls, given: "FilterKey | tuple[int, int] | str") -> "FilterKey":
        """The key as scripts write it: a key, (7, 8) or "7:8"; UserError for anything else."""
        if isinstance(given, FilterKey):
            return given
        if isinstance(given, str):
            return cls.parse(given)
        try:
            layer, number = given
            return cls(layer, number)
        except (TypeError, ValueError) as error:
            raise UserError(f"{given!r} names no filter; write layer and filter as in 7:8.") from error

    @classmethod
    def parse(cls, text: str) -> "FilterKey":
        """The key written as `7:8`; UserError for anything else."""
        match = re.fullmatch(r"(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})", text)
        if not match:
            raise UserError(f'"{text[:40]}" names no filter; write layer and filter as in 7:8.')
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, eq=False, slots=True)  # a book of 26,580 is a burden to the collector otherwise
class Tag:
    """One word that one person gave to one filter.

    `created` is ISO 8601 in UTC to the second; other zones are converted, a time without a zone is taken as UTC.
    `confidence` is within 0 to 1 and keeps the seven digits of a float32; nan = not said. `evidence` holds plain
    JSON values, among them "picture" (a name), "picture_digest", and "box" ([top, left, height, width] in pixels of
    that picture). `needs_review` asks somebody to look again. UserError for a word, text, time or evidence that is not
    like that.
    """

    tag: str
    detail: str = ""
    note: str = ""
    annotator: str = ""
    created: str = ""
    confidence: float = math.nan
    evidence: dict[str, Any] = field(default_factory=dict)
    needs_review: bool = False
    evidence_text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "tag": clean_word(self.tag),
            "created": clean_time(self.created),
            "confidence": clean_confidence(self.confidence),
            "evidence": (evidence := clean_evidence(self.evidence)),
            "evidence_text": evidence_text(evidence),
            "needs_review": bool(self.needs_review),
        }
        plain |= {name: clean_text(getattr(self, name), name) for name in ("detail", "note", "annotator")}
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def as_values(self) -> dict[str, Any]:
        """What is said beside word and annotator, as plain JSON values; a confidence that was not said is None."""
        return {
            "detail": self.detail,
            "note": self.note,
            "created": self.created,
            "confidence": None if math.isnan(self.confidence) else self.confidence,
            "evidence": self.evidence,
            "needs_review": self.needs_review,
        }

    @classmethod
    def of_values(cls, tag: str, annotator: str, values: Any) -> "Tag":
        """The tag that `as_values` describes; UserError or TypeError where the values are no such thing."""
        fields = dict(values)
        sure = fields.pop("confidence", None)
        return cls(tag, annotator=annotator, confidence=math.nan if sure is None else sure, **fields)

    def rank(self) -> tuple[str, str, str, float, str, bool]:
        """The newer of two tags has the higher rank; equal ranks mean equal tags of one word and annotator."""
        sureness = -1.0 if math.isnan(self.confidence) else self.confidence
        return self.created, self.detail, self.note, sureness, self.evidence_text, self.needs_review

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tag):
            return NotImplemented
        return (self.tag, self.annotator, self.rank()) == (other.tag, other.annotator, other.rank())

    def __hash__(self) -> int:
        return hash((self.tag, self.annotator, self.rank()))
