"""Classes of a tree of diagnoses that hold few pictures each, as Esteva et al. (2017) make them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trainer.cohort.diagnoses import Classified
from trainer.files.errors import UserError
from trainer.measures.tree import Taxonomy, tree
from trainer.pictures.diagnosis_words import spelling

FEWER_THAN = 1000
"""Pictures that the classes of the paper stay under."""
DIVIDED = "divided"


def partition(diagnoses: Sequence[Sequence[str]], taxonomy: Taxonomy, fewer_than: int) -> Classified:
    """The class of each picture's diagnoses (deepest first), of which the first that stands in the tree decides.

    From the top the tree is descended until a node and all below it have fewer than `fewer_than` pictures: that is a
    class (Esteva et al., Nature 542:115, 2017, methods, disease-partitioning algorithm). A node with nothing below it
    is a class however many it has. Pictures whose own diagnosis is a node that was descended are left out, since
    nobody knows in which of its classes they belong. UserError where two names of the tree are spelled alike.
    """
    written: dict[str, str] = {}
    for name in taxonomy.classes:
        if written.setdefault(spelling(name), name) != name:
            raise UserError(f'{taxonomy.name} has "{name[:60]}" and "{written[spelling(name)][:60]}"; take one out.')
    own = [next((written[spelling(word)] for word in words if spelling(word) in written), None) for words in diagnoses]
    counts: Counter[str] = Counter(ancestor for name in own if name for ancestor in taxonomy.line(name))
    class_of: dict[str, str] = {}
    waiting = [*taxonomy.roots]
    while waiting:
        node = waiting.pop()
        children = taxonomy.below(node)
        if children and counts[node] >= fewer_than:
            waiting += children
        else:
            inside = [node]
            while inside:
                class_of[inside[-1]] = node
                inside += taxonomy.below(inside.pop())
    classes = [None if name is None else class_of.get(name) for name in own]
    meanings = [
        "unknown" if name is None else class_name or DIVIDED for name, class_name in zip(own, classes, strict=True)
    ]
    table = Counter((spelling(words[0]), meaning) for words, meaning in zip(diagnoses, meanings, strict=True))
    reasons = [
        "" if class_name else f"{meaning} diagnosis: {words[0]}"
        for class_name, meaning, words in zip(classes, meanings, diagnoses, strict=True)
    ]
    return Classified(classes, reasons, table)


def kept_tree(settings: Mapping[str, Any]) -> Taxonomy | None:
    """The tree above the classes of a cohort with these settings; None where they are no partition of one."""
    pairs = settings.get("tree")
    if not isinstance(pairs, dict) or not pairs or not all(isinstance(parent, str) for parent in pairs.values()):
        return None
    return tree(str(settings.get("tree_from", "the cohort's tree")), pairs.items())


def tree_of(taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, str]:
    """The parent of every class, and of every node above one, "" at the top: what is needed to add the classes up."""
    names = {name for class_name in classes for name in taxonomy.line(class_name)}
    return {name: taxonomy.parents.get(name, "") for name in taxonomy.classes if name in names}
