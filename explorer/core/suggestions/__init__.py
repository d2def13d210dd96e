"""Tags that the program proposes for filters, each with its reason; a person accepts or rejects them."""

from explorer.core.suggestions.csv_file import read_suggestions, write_suggestions
from explorer.core.suggestions.making import SuggestOptions, suggest
from explorer.core.suggestions.suggestion import Suggestion, Suggestions

__all__ = ["SuggestOptions", "Suggestion", "Suggestions", "read_suggestions", "suggest", "write_suggestions"]
