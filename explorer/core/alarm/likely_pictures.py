"""Pictures that probably show what a person found in others: the candidates of a list that is being corrected."""

from collections.abc import Collection

import numpy as np

from explorer.core.index import FolderIndex

Ranked = list[tuple[str, float]]


def likely_pictures(
    index: FolderIndex, confirmed: Collection[str], rejected: Collection[str] = (), n: int | None = None
) -> Ranked:
    """The pictures of which nobody said anything, the most like the confirmed ones first, each with its likeness.

    Likeness is the cosine of the last hidden layer's answers, less their mean over the folder, with the nearest of the
    `confirmed` pictures, less that with the nearest of the `rejected` ones where there are any. Empty without a
    confirmed picture; names that the index does not have are passed over.
    """
    seen = [index.rows[name] for name in confirmed if name in index.rows]
    not_so = [index.rows[name] for name in rejected if name in index.rows]
    answers = index.embedding.astype(np.float64)
    if not seen or not answers.shape[1]:
        return []
    answers = answers - answers.mean(axis=0)
    length = np.linalg.norm(answers, axis=1, keepdims=True)
    answers = np.divide(answers, length, out=np.zeros_like(answers), where=length > 0)
    likeness = (answers @ answers[seen].T).max(axis=1)
    if not_so:
        likeness = likeness - (answers @ answers[not_so].T).max(axis=1)
    open_ones = np.setdiff1d(np.arange(len(answers)), [*seen, *not_so])
    order = open_ones[np.argsort(-likeness[open_ones], kind="stable")][:n]
    return [(index.pictures[row], float(likeness[row])) for row in order]
