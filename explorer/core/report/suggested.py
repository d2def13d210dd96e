"""What a report says of suggestions and of what people made of them: accepted, rejected, or another word given."""

from typing import Any

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.report.sources import Sources, plain
from explorer.core.suggestions import Suggestion, suggest
from explorer.core.tags.book import FilterKey

NUMBERS = ("strength", "times", "effect", "low", "high", "p")
NONE_ANSWERED = "No tag here was accepted from a suggestion, and none was rejected."


def suggestion_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """For each filter with a tag or a rejected suggestion, what is suggested now, and how that does on other pictures.

    Nothing is suggested anew where no suggestion was accepted or rejected: it takes minutes.
    """
    answered = any("suggestion" in tag.evidence for _, tag in sources.book.entries()) or sources.rejected
    if not answered:
        return {"why_not": NONE_ANSWERED}
    try:
        suggestions = suggest(
            sources.network, sources.index, sources.images, lesions=sources.lesions, said=sources.said, on_step=on_step
        )
    except UserError as error:
        return {"why_not": str(error)}
    return {
        "pictures": suggestions.facts.get("pictures"),
        "filters": [_facts(sources, key, suggestions.of(key)) for key in sorted({*sources.book, *sources.rejected})],
    }


def _facts(sources: Sources, key: FilterKey, now: Suggestion | None) -> dict[str, Any]:
    tags = sources.book.tags(key)
    accepted = [tag.tag for tag in tags if "suggestion" in tag.evidence]
    facts: dict[str, Any] = {
        "filter": str(key),
        "accepted": accepted,
        "by_hand": [tag.tag for tag in tags if "suggestion" not in tag.evidence],
        "rejected": sources.rejected.get(key, ""),
        "tag": "",
        "detail": "",
        "reason": "",
    }
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
