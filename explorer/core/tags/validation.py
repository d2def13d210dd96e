"""What a tag's word, texts, time, confidence and evidence may be: the clean value, or a UserError."""

import math
import unicodedata
from datetime import UTC, datetime
from typing import Any

from explorer.core.errors import UserError

WORD_LENGTH, TEXT_LENGTH, EVIDENCE_LENGTH = 64, 10_000, 65_536
"""The most characters of a word; of a detail, a note or an annotator; of the evidence's JSON."""


def clean_word(text: object) -> str:
    """A tag's word without spaces around it, composed (NFC) so that it equals the same word typed elsewhere."""
    word = unicodedata.normalize("NFC", text).strip() if isinstance(text, str) else ""
    if not word:
        raise UserError("A tag needs a word.")
    if len(word) > WORD_LENGTH:
        raise UserError(f'The tag "{word[:20]}..." is too long; write at most {WORD_LENGTH} characters.')
    if not word.isprintable() and any(unicodedata.category(letter) in ("Cc", "Cs") for letter in word):
        raise UserError(f"The tag {word!r} holds control characters; write it without them.")
    return word


def clean_text(text: object, name: str) -> str:
    """Free text as it is; UserError where it is too long or no UTF-8 file can hold it."""
    if not isinstance(text, str):
        raise UserError(f"The {name} of a tag must be text, not {text!r:.40}.")
    if len(text) > TEXT_LENGTH:
        raise UserError(f"The {name} is too long ({len(text)} characters); write at most {TEXT_LENGTH}.")
    if "\0" in text or _surrogates(text):
        raise UserError(f"The {name} {text[:40]!r} holds characters that cannot be saved; write it without them.")
    return text


def clean_time(text: object) -> str:
    """A time as `2026-11-20T10:58:00Z`; now where `text` is empty."""
    if text == "":
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        if not isinstance(text, str):
            raise ValueError(text)
        time = datetime.fromisoformat(text.strip())
        time = time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError) as error:
        raise UserError(f'"{text!s:.40}" is not a time; write it as 2026-11-20T10:58:00Z.') from error
    return f"{time.replace(tzinfo=None, microsecond=0).isoformat()}Z"


def clean_confidence(value: object) -> float:
    """A number within 0 to 1 with the seven digits that a float32 keeps; nan = not said."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f'The confidence "{value!s:.40}" is not a number from 0 to 1.') from error
    if math.isnan(number):
        return math.nan
    if not 0 <= number <= 1:
        raise UserError(f"The confidence {number:g} is not within 0 to 1.")
    import numpy as np  # here, because a window starts without it

    return float(str(np.float32(number))) + 0.0  # 0.8 stays 0.8 through a column of float32


def clean_evidence(evidence: object) -> dict[str, Any]:
    """Evidence as plain JSON values of its own (tuples become lists); UserError where it is not such a thing."""
    if isinstance(evidence, dict) and not evidence:
        return {}
    import json  # here, because a window starts without it

    try:
        text = json.dumps(evidence, allow_nan=False)
        plain = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"The evidence {evidence!r:.60} does not consist of plain values.") from error
    if not isinstance(plain, dict) or len(text) > EVIDENCE_LENGTH:
        raise UserError(f"The evidence {text:.60} is not a JSON object of at most {EVIDENCE_LENGTH} characters.")
    if any(not isinstance(plain.get(name, ""), str) for name in ("picture", "picture_digest")):
        raise UserError(f"The evidence {text:.60} names its picture in an unknown way.")
    box = plain.get("box", [0, 0, 0, 0])
    if not isinstance(box, list) or [type(side) in (int, float) for side in box] != [True] * 4:
        raise UserError(f"The box of the evidence {text:.60} is not [top, left, height, width].")
    return plain


def evidence_text(values: dict[str, Any]) -> str:
    """Clean evidence as JSON text that every UTF-8 file can hold."""
    if not values:
        return "{}"
    import json

    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return json.dumps(values, sort_keys=True) if _surrogates(text) else text  # names that are no text stay escaped


def _surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
