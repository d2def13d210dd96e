"""Tags that the program proposes for filters, each with its reason; a person accepts or rejects them."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.suggestions.csv_file import read_suggestions, write_suggestions
    from explorer.core.suggestions.suggest_tags import SuggestOptions, suggest
    from explorer.core.suggestions.suggestion import Suggestion, Suggestions

__all__ = ["SuggestOptions", "Suggestion", "Suggestions", "read_suggestions", "suggest", "write_suggestions"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "csv_file": ["read_suggestions", "write_suggestions"],
        "suggest_tags": ["SuggestOptions", "suggest"],
        "suggestion": ["Suggestion", "Suggestions"],
    },
)
