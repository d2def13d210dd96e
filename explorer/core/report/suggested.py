"""What a report says of suggestions that people accepted: whether they come again, and hold on other pictures."""

from typing import Any

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.report.sources import Sources, plain
from explorer.core.suggestions import Suggestion, suggest
from explorer.core.tags.book import FilterKey

NUMBERS = ("strength", "times", "effect", "low", "high", "p")
NONE_ACCEPTED = "No tag here was accepted from a suggestion."


def suggestion_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """For each filter with an accepted suggestion, what is suggested now, and how that does on held-out pictures."""
    accepted = {
        key: [tag.tag for tag in sources.book.tags(key) if "suggestion" in tag.evidence] for key in sources.book
    }
    accepted = {key: words for key, words in accepted.items() if words}
    if not accepted:
        return {"why_not": NONE_ACCEPTED}
    try:
        suggestions = suggest(
            sources.network, sources.index, sources.images, lesions=sources.lesions, said=sources.said, on_step=on_step
        )
    except UserError as error:
        return {"why_not": str(error)}
    return {
        "pictures": suggestions.facts.get("pictures"),
        "filters": [_facts(key, words, suggestions.of(key)) for key, words in sorted(accepted.items())],
    }


def _facts(key: FilterKey, words: list[str], now: Suggestion | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"filter": str(key), "accepted": words, "tag": "", "detail": "", "reason": ""}
    if now is None:
        return facts
    held_out = now.held_out
    return {
        **facts,
        "tag": now.tag,
        "detail": now.detail,
        "reason": now.reason,
        **{name: plain(getattr(now, name)) for name in NUMBERS},
        "n": now.n,
        "held_out": {name: plain(getattr(held_out, name)) for name in ("effect", "low", "high", "p")}
        | {"n": held_out.n},
    }
