"""Pictures with a real artifact against those without, held against a plain loop over the classes."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.muting.effect import MutingEffect, muting_effect
from explorer.core.muting.effect_words import as_dict, notes, table
from explorer.core.muting.folder_pass import log_odds
from explorer.core.muting.single_picture import muted_logits
from explorer.core.muting.with_and_without import DetectorErrors, Presence
from explorer.core.network.opening import Network
from tests.core.muting.test_effect import KEYS, QUICK, words_of
from trainer.measures.bootstrap import Numbers
from trainer.measures.odds import common_odds_ratio


def compared_with(presence: Presence, network: Network, index: FolderIndex) -> MutingEffect:
    options = dataclasses.replace(QUICK, threshold=0.5)
    return muting_effect(network, index, words_of(index), KEYS, presence=presence, options=options)


def found_in(values: Numbers) -> Presence:
    return Presence("hair", lambda rows: values[list(rows)], {})


def test_the_score_is_compared_within_class(network: Network, index: FolderIndex) -> None:
    there = np.arange(40) % 3 == 0
    found = compared_with(found_in(there.astype(float)), network, index).real
    assert found is not None
    given = np.array(index.given)
    before = log_odds(network, index.logits, 1)
    expected = np.mean(
        [before[there & (given == one)].mean() - before[~there & (given == one)].mean() for one in index.classes]
    )
    assert found.score.before.value == pytest.approx(expected, abs=1e-5)
    assert found.score.before.low < found.score.before.value < found.score.before.high
    assert found.score.after.value != found.score.before.value
    called = index.probabilities[:, 1] >= 0.5
    assert found.odds_before == common_odds_ratio(
        [(called[given == one], there[given == one], np.arange((given == one).sum())) for one in index.classes]
    )
    assert found.odds_change.value == pytest.approx(found.odds_after.value / found.odds_before.value)
    assert found.odds_change.low <= found.odds_change.value <= found.odds_change.high
    assert sum(found.with_it.values()) == there.sum()
    assert sum(found.without_it.values()) == (~there).sum()


def test_that_nobody_checked_the_program_is_said(network: Network, index: FolderIndex) -> None:
    there = (np.arange(40) % 3 == 0).astype(float)
    told = " ".join(notes(compared_with(found_in(there), network, index)))
    assert "In 40 of these pictures the program alone says whether there is hair" in told
    assert "was not checked" in told
    assert "times the first" in told
    said = {name: bool(there[row]) for row, name in enumerate(index.pictures)}
    nobody = Presence("hair", lambda rows: np.full(len(rows), np.nan), said)
    assert "was not checked" not in " ".join(notes(compared_with(nobody, network, index)))


def test_what_only_the_class_explains_is_not_the_artifacts(network: Network, index: FolderIndex) -> None:
    every_malignant = np.array([word == "malignant" for word in index.given], float)
    with pytest.raises(UserError, match="No class has pictures both with and without hair among the 40"):
        compared_with(found_in(every_malignant), network, index)
    every_malignant[0] = 1.0 if index.given[0] == "benign" else 0.0
    found = compared_with(found_in(every_malignant), network, index).real
    assert found is not None
    other = "benign" if index.given[0] == "benign" else "malignant"
    assert found.score.before.n == 40
    assert {name for name in index.classes if found.with_it[name] and found.without_it[name]} == {other}


def test_a_person_wins_and_the_programs_errors_are_counted_by_class(network: Network, index: FolderIndex) -> None:
    values = np.full(40, np.nan)
    values[:36] = np.arange(36) % 2
    said = {index.pictures[row]: row % 4 == 0 for row in range(10, 30)}
    found = compared_with(Presence("hair", lambda rows: values[list(rows)], said), network, index)
    assert found.real is not None
    truth = [row % 4 == 0 if 10 <= row < 30 else row % 2 == 1 for row in range(36)]
    assert sum(found.real.with_it.values()) == sum(truth)
    assert sum(found.real.without_it.values()) == 36 - sum(truth)

    def errors(name: str) -> DetectorErrors:
        rows: Sequence[int] = [row for row in range(10, 30) if index.given[row] == name]
        yes, no = [row for row in rows if row % 4 == 0], [row for row in rows if row % 4]
        return DetectorErrors(
            name, sum(row % 2 == 0 for row in yes), len(yes), sum(row % 2 == 1 for row in no), len(no)
        )

    assert found.real.errors == tuple(errors(name) for name in index.classes)
    told = " ".join(notes(found))
    assert "Haldane" in told
    assert "of benign it missed" in told
    assert any(line.startswith("with hair less without, logits") for line in table(found))
    assert as_dict(found)["with_and_without"]["artifact"] == "hair"


def test_after_muting_it_is_the_muted_score(network: Network, index: FolderIndex) -> None:
    from explorer.core.images import read_image

    there = np.arange(40) % 2 == 0
    found = compared_with(found_in(there.astype(float)), network, index).real
    assert found is not None
    folder = index.contents.facts["folder"]
    logits = np.stack([muted_logits(network, read_image(f"{folder}/{name}"), KEYS) for name in index.pictures])
    after, given = log_odds(network, logits, 1), np.array(index.given)
    expected = np.mean(
        [after[there & (given == one)].mean() - after[~there & (given == one)].mean() for one in index.classes]
    )
    assert found.score.after.value == pytest.approx(expected, abs=1e-4)
