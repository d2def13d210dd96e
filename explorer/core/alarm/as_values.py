"""What the alarm found as JSON holds it."""

import dataclasses
from typing import Any

from explorer.core.alarm.finding import Finding
from explorer.core.alarm.outcome import Alarm


def as_values(heard: Alarm) -> dict[str, Any]:
    """What was heard as plain JSON values."""
    return {
        "pictures": heard.pictures,
        "artifacts": list(heard.artifacts),
        "left_out": heard.left_out.sentence,
        "notes": list(heard.notes),
        "asked": [asked.as_dict() for asked in heard.asked],
        "findings": [_values(finding) for finding in heard.findings],
    }


def _values(finding: Finding) -> dict[str, Any]:
    plain = {
        name: getattr(finding, name)
        for name in (
            *("artifact", "sign", "phrase", "of_class", "q", "following", "filters"),
            *("thirds", "chosen_on_half", "unjudged", "words"),
        )
    }
    changes = {"muting": finding.muting, "correction": finding.correction}
    return {
        **plain,
        "association": finding.association.as_dict(),
        "odds": finding.odds.as_dict() if finding.odds is not None else None,
        "dependence": finding.dependence.as_dict(),
        "alongside": list(finding.alongside),
        "top": [
            {
                "filter": str(filter.key),
                "answer": filter.answer,
                "rho": filter.rho.as_dict(),
                "q": filter.q,
                "pushed": filter.pushed if filter.pushed == filter.pushed else None,
            }
            for filter in finding.top
        ],
        **{
            name: {key: getattr(value, "as_dict", lambda value=value: value)() for key, value in vars(change).items()}
            if change is not None
            else None
            for name, change in changes.items()
        },
        "rests": {name: list(names) for name, names in dataclasses.asdict(finding.rests).items()},
    }
