"""What is said while suggestions are made, and of what came of it."""

from explorer.core.counting import counted

NOT_MADE = "No tags were suggested on this folder yet: Suggest tags, at the right, makes them."
FEW_PICTURES = 50
"""With fewer hardly anything stands out from chance."""
STAGES = {"concepts": "finding concepts", "filters": "comparing filters", "probes": "trying changes"}


def progress_words(stage: str, done: int, total: int, pictures: int) -> str:
    """How far the process is, and what not to hope for of so few `pictures`, 0 where their number is not known."""
    share = f" {100 * done // total} %" if total else ""
    doubt = f"; {counted(pictures, 'picture')} may be too few to tell" if 0 < pictures < FEW_PICTURES else ""
    return f"{STAGES.get(stage, 'beginning')}{share}{doubt}"


def outcome_words(suggested: int, filters: int, pictures: int) -> str:
    """For how many of the filters a tag is suggested."""
    if not suggested:
        few = counted(pictures, "picture")
        return f"No filter has a suggestion: on {few} nothing stands out from chance. More pictures tell more."
    return f"{suggested:,} of {filters:,} filters have a suggestion."
