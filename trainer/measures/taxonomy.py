"""Classes added up along a tree: a parent's probability is the sum of its children's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from trainer.files.errors import UserError
from trainer.files.wording import listed
from trainer.measures.prediction import Prediction
from trainer.measures.tree import Taxonomy, read_taxonomy
from trainer.pictures.class_words import same_classes
from trainer.pictures.diagnosis_names import read_diagnosis_names

__all__ = ["Match", "Taxonomy", "about_leaves", "deepest", "levels", "match", "read_taxonomy", "unknown_leaves"]


@dataclass(frozen=True)
class Match:
    """How the outputs of a network and the classes of a cohort become the classes that are evaluated.

    `classes` (L) are evaluated; `members` (K, L) is 1 where output K belongs to class L, so that probabilities
    (N, K) @ members are theirs; `labels` gives for each class of the cohort its position in `classes`.
    """

    classes: tuple[str, ...]
    members: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def probabilities(self, answer: Prediction, temperature: float = 1.0) -> npt.NDArray[np.float64]:
        """Those (N, L) of the evaluated classes, from an answer (N, K) whose logits are divided by `temperature`."""
        return self.added_up(answer.tempered(temperature), independent=answer.independent)

    def added_up(self, own: npt.NDArray[np.float64], *, independent: bool = False) -> npt.NDArray[np.float64]:
        """The probabilities (N, L) of the evaluated classes, from those (N, K) of the outputs.

        Where classes exclude each other, a parent's is the sum of its children's; where each is decided for itself,
        it is the probability that one of them at least is so.
        """
        if not independent or np.array_equal(self.members, np.eye(len(self.members))):
            return np.asarray(own @ self.members)
        with np.errstate(divide="ignore"):  # one that is certain
            none = np.log1p(-own)
        return np.stack([1 - np.exp(none[:, members].sum(axis=1)) for members in self.members.T > 0], axis=1)


def match(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy | None, level: int | None) -> Match:
    """Match a network's classes and a cohort's by name, along the taxonomy at `level` where there is one.

    Without a taxonomy, words of one class or diagnosis are one, as `same_classes` says. UserError where a class of the
    cohort is none of the network's, naming both.
    """
    if taxonomy is None:
        return _matched(network, _as_the_network_writes(cohort, network), network, cohort, "")
    _all_known(taxonomy, network, cohort)
    if level is None:
        level = deepest(network, cohort, taxonomy)
    if not 1 <= level <= taxonomy.depth:
        raise UserError(f"--level {level} is none of the levels 1 to {taxonomy.depth} of {taxonomy.name}.")
    outputs, labels = ([taxonomy.at(name, level) for name in names] for names in (network, cohort))
    return _matched(outputs, labels, network, cohort, f" at level {level} of {taxonomy.name}")


def levels(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> Iterator[tuple[int, Match]]:
    """Every level at which the two match with two classes or more; a level equal to the one above it is left out."""
    before: tuple[str, ...] = ()
    for level in range(1, taxonomy.depth + 1):
        try:
            matched = match(network, cohort, taxonomy, level)
        except UserError:
            return  # deeper than the network's or the cohort's classes go
        if matched.classes != before and len(matched.classes) > 1:
            yield level, matched
        before = matched.classes


def deepest(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> int:
    """The deepest level at which the two match; 1 where there is none."""
    matching = [level for level, _ in levels(network, cohort, taxonomy)]
    return matching[-1] if matching else 1


def unknown_leaves(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Leaves of the tree that neither the network nor the cohort speaks of: no figure depends on them."""
    known = {*network, *cohort}
    return tuple(leaf for leaf in taxonomy.leaves if not known & set(taxonomy.line(leaf)))


def about_leaves(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """A sentence that names such leaves; none where there are none."""
    unknown = unknown_leaves(network, cohort, taxonomy)
    if not unknown:
        return ()
    return (
        f"{taxonomy.name} also names {listed(unknown, 3)}, which neither network nor cohort knows: no figure "
        "depends on that.",
    )


def _all_known(taxonomy: Taxonomy, network: Sequence[str], cohort: Sequence[str]) -> None:
    """UserError where a class does not stand in the tree, or the network predicts two of one line."""
    tree = set(taxonomy.classes)
    for name, owner in [*((name, "network") for name in network), *((name, "cohort") for name in cohort)]:
        if name not in tree:
            near = _nearest(name, unknown_leaves(network, cohort, taxonomy))
            advice = f'correct "{near}" there, if that is meant' if near else "add it below a parent"
            raise UserError(f'The {owner}\'s class "{name}" does not stand in {taxonomy.name}; {advice}.')
    for name in network:
        below = [other for other in network if other != name and name in taxonomy.line(other)]
        if below:
            raise UserError(
                f'{taxonomy.name} puts "{below[0]}" below "{name}", but the network predicts both side by side; '
                "take one of them out."
            )


def _as_the_network_writes(cohort: Sequence[str], network: Sequence[str]) -> list[str]:
    """The cohort's classes, each as the network writes it, where a single one of the network's is the same."""
    names = read_diagnosis_names()
    found = [(name, same_classes(name, network, names)[0]) for name in cohort]
    return [same[0] if len(same) == 1 else name for name, same in found]


def _matched(
    mapped: Sequence[str], mapped_cohort: Sequence[str], network: Sequence[str], cohort: Sequence[str], where: str
) -> Match:
    if missing := [name for name in mapped_cohort if name not in mapped]:
        few, tree = len(network) == 2, bool(where)
        hint = (
            "evaluate a higher --level"
            if tree
            else "give a --taxonomy that adds the classes up, or prepare the cohort anew with a table of diagnoses"
            if few or len(cohort) == 2
            else "give a --taxonomy that holds both"
        )
        raise UserError(
            f"The network's classes ({listed(network, 8)}) and the cohort's ({listed(cohort, 8)}) do not match{where}: "
            f'the network does not know "{missing[0]}"; {hint}.'
        )
    classes = tuple(dict.fromkeys(mapped))
    members = np.array([[float(name == column) for column in classes] for name in mapped])
    return Match(classes, members, np.array([classes.index(name) for name in mapped_cohort], np.int64))


def _nearest(name: str, names: Sequence[str]) -> str:
    """The name most like another: alike but for a few letters, or the beginning of it; "" for none."""
    folded = {candidate.casefold(): candidate for candidate in reversed(names)}
    word = name.casefold()
    prefixes = [
        candidate
        for candidate in folded
        if min(len(candidate), len(word)) >= 3 and (candidate.startswith(word) or word.startswith(candidate))
    ]
    near = get_close_matches(word, folded, 1, 0.6) or prefixes
    return folded[near[0]] if near else ""
