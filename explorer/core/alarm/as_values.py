"""What the alarm found as JSON holds it."""

import dataclasses
from typing import Any

from explorer.core.alarm.finding import Finding
from explorer.core.alarm.search import Alarm


def as_values(heard: Alarm) -> dict[str, Any]:
    """What was heard as plain JSON values."""
    return {
        "pictures": heard.pictures,
        "artifacts": list(heard.artifacts),
        "left_out": heard.left_out.sentence,
        "findings": [_values(one) for one in heard.findings],
    }


def _values(one: Finding) -> dict[str, Any]:
    plain = {
        name: getattr(one, name)
        for name in ("artifact", "sign", "phrase", "of_class", "q", "following", "filters", "words")
    }
    changes = {"muting": one.muting, "correction": one.correction}
    return {
        **plain,
        "association": one.association.as_dict(),
        "odds": one.odds.as_dict() if one.odds is not None else None,
        "dependence": one.dependence.as_dict(),
        "alongside": list(one.alongside),
        "top": [
            {
                "filter": str(filter.key),
                "answer": filter.answer,
                "rho": filter.rho.as_dict(),
                "q": filter.q,
                "pushed": filter.pushed if filter.pushed == filter.pushed else None,
            }
            for filter in one.top
        ],
        **{
            name: {key: getattr(value, "as_dict", lambda value=value: value)() for key, value in vars(change).items()}
            if change is not None
            else None
            for name, change in changes.items()
        },
        "rests": {name: list(names) for name, names in dataclasses.asdict(one.rests).items()},
    }
