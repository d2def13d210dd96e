"""The alarm: which artifacts go with a class here, and which of them the network's score follows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.alarm.artifacts import Artifact, Said, artifacts_of
from explorer.core.alarm.class_score import ScoredPictures, class_scores
from explorer.core.alarm.finding import Finding, Rests
from explorer.core.alarm.followers import Followers, followers_of
from explorer.core.alarm.intervention import measured_changes
from explorer.core.alarm.outcome import Alarm, Asked
from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE, Measurement, picture_table
from explorer.core.alarm.question import Answer, ask
from explorer.core.alarm.within_class import rank_correlations, within_class
from explorer.core.class_words import ClassWords, propose, told_apart, trained_words
from explorer.core.errors import UserError
from explorer.core.evaluation.left_out import chosen_pictures
from explorer.core.index import FolderIndex
from explorer.core.muting.judged_pictures import second_half
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from trainer.measures.multiple_testing import corrected
from trainer.measures.scored_class import scored_class

Numbers = npt.NDArray[np.float64]

LEVEL = 0.05
"""Corrected p up to which something counts as found."""
ALIKE = 0.5
"""Spearman's rho within class from which two artifacts say the same of these pictures."""
FEWEST = 10
"""Pictures of a class below which it is not asked about."""


def alarm(index: FolderIndex, folder: Path | str | None = None, **how: object) -> tuple[Finding, ...]:
    """What is worth a look in an index, the worst first; the arguments are those of `sound`."""
    return sound(index, folder, **how).findings  # type: ignore[arg-type]


def sound(
    index: FolderIndex,
    folder: Path | str | None = None,
    *,
    words: ClassWords | None = None,
    lesions: Mapping[str, str] | None = None,
    said: Said | None = None,
    network: Network | None = None,
    before: Alarm | None = None,
    with_trained_on: bool = False,
    measurements: Sequence[Measurement] = (CONCEPTS, WHOLE_PICTURE),
    keep: bool = True,
    draws: int = 1000,
    on_step: OnStep = no_step,
) -> Alarm:
    """Ask for every artifact whether it goes with a class and whether the score for the class follows it within class.

    `folder` holds the pictures, that of the index where None. `words` maps given words to the network's classes,
    proposed where None. `lesions` maps pictures to lesions, of each of which one picture counts. `said` is what a
    person said of the pictures' artifacts. With the `network`, what muting the filters does is measured, and for a
    cast what correcting it does; a finding that was made `before`, with other measurements of the same pictures and
    the same network, keeps what was measured then. Pictures that the network was trained or chosen on do not count
    unless `with_trained_on`. Of the `measurements`, that of the concepts takes most of the time; what is measured is
    kept beside the index if `keep`. UserError where the network has no class scores, or fewer than two classes are
    known.
    """
    classes = told_apart(index.classes)
    if not classes:
        raise UserError("The network has no class scores: there is nothing that could follow an artifact.")
    trained = trained_words(network.training) if network is not None else None
    words = words or propose(sorted({word for word in index.given if word}), classes, trained)
    lesion_of = {name: lesion for name, lesion in (lesions or {}).items() if lesion}
    rows, labels, left_out = chosen_pictures(index, words, lesion_of, with_trained_on=with_trained_on)
    first = _one_a_lesion([lesion_of.get(index.pictures[row], "") for row in rows])
    repeated = len(rows) - len(first)
    rows, labels = rows[first], labels[first]
    class_indices = [
        label for label in range(len(classes)) if FEWEST <= (labels == label).sum() <= len(labels) - FEWEST
    ]
    if not class_indices:
        counts = ", ".join(f"{(labels == label).sum():,} of {name}" for label, name in enumerate(classes[:6]))
        more = f" {repeated:,} more pictures of the same lesions do not count." if repeated else ""
        why = f" {left_out.refusal}" if left_out.pictures > len(rows) + repeated else ""
        raise UserError(
            f"Artifacts that go with a class are looked for where {FEWEST} pictures are of the class and {FEWEST} are "
            f"not; here are {counts}: it takes more pictures whose class is known.{more}{why}"
        )
    folder = Path(folder) if folder is not None else Path(str(index.contents.facts.get("folder", "")))
    measured: dict[str, Numbers] = {}
    for measurement in measurements:
        columns = picture_table(index, folder, measurement, rows.tolist(), keep=keep, on_step=on_step)
        measured |= {name: values[rows] for name, values in columns.items()}
    if measurements and not any(np.isfinite(values).any() for values in measured.values()):
        raise UserError(f"None of the {len(rows):,} pictures is in {folder} as the index saw it; name its folder.")
    names = tuple(index.pictures[row] for row in rows)
    artifacts = artifacts_of(measured, names, said)
    units = tuple(lesion_of.get(name, name) for name in names)
    search = _Search(index, rows, labels, classes, names, units)
    asked_of = [scored_class(classes)] if len(classes) == 2 else class_indices
    findings, asked = search.findings(artifacts, asked_of, on_step)
    if network is not None and findings:
        by_name = {artifact.name: artifact for artifact in artifacts}
        earlier = {
            finding.about: finding
            for finding in (before.findings if before is not None else ())
            if finding.muting is not None
        }
        findings = [
            replace(finding, muting=earlier[finding.about].muting, correction=earlier[finding.about].correction)
            if finding.about in earlier
            else measured_changes(
                finding,
                by_name[finding.artifact],
                search.scored_pictures(classes.index(finding.of_class)),
                network,
                folder,
                index,
                draws=draws,
                on_step=on_step,
            )
            for finding in findings
        ]
    return Alarm(tuple(findings), len(rows), tuple(artifact.name for artifact in artifacts), left_out, repeated, asked)


class _Search:
    """The search over the pictures in `rows` (N) of an index, with classes `labels` (N).

    `names` (N) are the pictures', `units` (N) their lesions', or their own where none is known.
    """

    def __init__(
        self,
        index: FolderIndex,
        rows: npt.NDArray[np.intp],
        labels: npt.NDArray[np.int64],
        classes: Sequence[str],
        names: tuple[str, ...],
        units: tuple[str, ...],
    ) -> None:
        self._index, self._rows, self._labels = index, rows, labels
        self._classes, self._names, self._units = classes, names, units
        self._logits = index.logits[rows]

    def scored_pictures(self, class_index: int) -> ScoredPictures:
        """What counts for a class."""
        scores = class_scores(self._logits, class_index)
        return ScoredPictures(self._rows, self._names, self._units, self._labels, class_index, scores)

    def findings(
        self, artifacts: Sequence[Artifact], class_indices: Sequence[int], on_step: OnStep
    ) -> tuple[list[Finding], tuple[Asked, ...]]:
        """What stands out among all artifacts and classes, the worst first, and the figures of all that was asked."""
        questions = [(artifact, class_index) for artifact in artifacts for class_index in class_indices]
        answers = [ask(artifact, class_index, self._labels, self._logits) for artifact, class_index in questions]
        q = corrected(np.array([answer.p for answer in answers])).tolist()
        raised = [
            (answer, level) for answer, level in zip(answers, q, strict=True) if level <= LEVEL and answer.stands_out
        ]
        raised.sort(key=lambda pair: (pair[0].order, pair[0].artifact.name))
        asked = tuple(
            Asked(
                artifact=answer.artifact.name,
                of_class=self._classes[answer.class_index],
                pictures=answer.pictures,
                association=answer.association,
                odds=answer.odds,
                dependence=answer.dependence,
                q=level,
                raised=level <= LEVEL and answer.stands_out,
            )
            for answer, level in zip(answers, q, strict=True)
        )
        kept: list[tuple[Answer, float, list[str]]] = []
        for answer, level in raised:
            alongside = next(
                (
                    names
                    for other, _, names in kept
                    if answer.class_index == other.class_index and self._same(answer, other)
                ),
                None,
            )
            if alongside is not None:
                alongside.append(answer.artifact.name)
            else:
                kept.append((answer, level, []))
        if not kept:
            return [], asked
        followers, halves = self._followers([answer for answer, _, _ in kept], on_step)
        return [
            self._finding(answer, level, names, following, half)
            for (answer, level, names), following, half in zip(kept, followers, halves, strict=True)
        ], asked

    def _followers(self, answers: list[Answer], on_step: OnStep) -> tuple[list[Followers], list[Followers]]:
        """The followers of each, and those on the first half alone: what is chosen there is judged on the other."""
        first = ~second_half(self._units)
        on_half = [replace(answer, artifact=answer.artifact.some(first)) for answer in answers]
        return (
            followers_of(self._index, self._rows, self._labels, answers, on_step),
            followers_of(self._index, self._rows[first], self._labels[first], on_half, on_step),
        )

    def _same(self, answer: Answer, other: Answer) -> bool:
        """Whether `answer` says the same as `other`: alike within class, or told by it what there is to tell.

        The latter where the partial correlation of `answer` with the class given `other` could be chance.
        """
        both = answer.artifact.known & other.artifact.known
        values = np.where(both, answer.artifact.values, np.nan)
        rho, _, _ = within_class(values, np.where(both, other.artifact.values, 0)[None], self._labels)
        if abs(rho[0]) >= ALIKE:
            return True
        first, second = answer.artifact.values[both], other.artifact.values[both]
        of_class = (self._labels[both] == answer.class_index).astype(np.float64)
        a, b = (float(rank_correlations(row, of_class[None])[0]) for row in (first, second))
        c = float(rank_correlations(first, second[None])[0])
        partial = (a - b * c) / np.sqrt(max((1 - b**2) * (1 - c**2), 1e-12))
        return bool(abs(np.arctanh(np.clip(partial, -0.9999, 0.9999))) * np.sqrt(max(both.sum() - 4, 1)) < 1.96)

    def _finding(self, answer: Answer, q: float, names: list[str], following: Followers, on_half: Followers) -> Finding:
        return Finding(
            artifact=answer.artifact.name,
            sign=answer.sign,
            phrase=answer.artifact.phrase(answer.sign),
            of_class=self._classes[answer.class_index],
            association=answer.association,
            odds=answer.odds,
            dependence=answer.dependence,
            q=q,
            following=following.count,
            filters=following.filters,
            top=on_half.top or following.top,
            rests=self._rests(answer),
            alongside=tuple(names),
            thirds=answer.artifact.there is None,
            chosen_on_half=bool(on_half.top),
        )

    def _rests(self, answer: Answer) -> Rests:
        have, lack = answer.artifact.sides(answer.sign)
        order = np.argsort(-answer.sign * np.nan_to_num(answer.artifact.values), kind="stable")
        positive = self._labels == answer.class_index

        def listed(side: npt.NDArray[np.bool_], falling: bool) -> tuple[str, ...]:
            return tuple(self._names[row] for row in (order if falling else order[::-1]) if side[row])

        return Rests(
            listed(have & positive, True), listed(have & ~positive, True),
            listed(lack & positive, False), listed(lack & ~positive, False),
        )  # fmt: skip


def _one_a_lesion(lesions: Sequence[str]) -> npt.NDArray[np.intp]:
    """The places of the first picture of each lesion, and of every picture of which none is known."""
    seen: set[str] = set()
    rows = []
    for row, lesion in enumerate(lesions):
        if not lesion or lesion not in seen:
            rows.append(row)
        seen.add(lesion)
    return np.array(rows, np.intp)
