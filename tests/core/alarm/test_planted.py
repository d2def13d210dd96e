"""Networks that were taught a shortcut: the alarm puts it first, and muting its filters takes it away."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from explorer.core.alarm import Alarm, Finding, intervention, screening, sound
from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.muting.judged_pictures import second_half
from tests.core.alarm.planted import KINDS, QUICK, Planted, names_of, set_up

SHOWN_BY_VALUES, SEEDS, MOST_WITHOUT_CAUSE = ("cast", "corner"), 10, 1
"""The kinds that the values of the whole picture show: no map of a concept is looked for in them."""


@pytest.fixture(scope="module", params=SHOWN_BY_VALUES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Planted]]:
    planted = set_up(request.param, 0, tmp_path_factory.mktemp(request.param), QUICK)
    yield request.param, planted
    planted.index.close()


def sounded(planted: Planted, **how: object) -> Alarm:
    return sound(planted.index, network=planted.network, draws=200, **how)  # type: ignore[arg-type]


def test_what_was_planted_comes_first_and_its_filters_carry_it(made: tuple[str, Planted]) -> None:
    kind, planted = made
    heard = sounded(planted, measurements=(WHOLE_PICTURE,))
    finding = heard.findings[0]
    assert finding.artifact in KINDS[kind], heard.sentence
    assert finding.of_class == "malignant"
    assert finding.q <= 0.05
    assert finding.dependence.low * finding.sign > 0 or finding.dependence.high * finding.sign > 0
    assert finding.top
    assert len({one.key.layer for one in finding.top}) == 1
    assert finding.muting is not None
    assert finding.muting.difference.high < 0, "muting lowers the score of pictures with it more than of those without"
    assert (finding.correction is not None) == (kind == "cast")


def test_a_finding_rests_on_pictures_of_both_classes(made: tuple[str, Planted]) -> None:
    _, planted = made
    finding = sounded(planted, measurements=(WHOLE_PICTURE,)).findings[0]
    has = dict(zip(names_of(planted.cohort), planted.cohort.has, strict=True))
    rests = finding.rests
    assert all(name.startswith("malignant") for name in rests.with_of_class + rests.without_of_class)
    assert all(name.startswith("benign") for name in rests.with_of_others + rests.without_of_others)
    assert has[rests.with_of_class[0]]
    assert not has[rests.without_of_others[0]]
    assert set(rests.all_with) <= set(planted.index.pictures)


def test_filters_are_chosen_on_one_half_and_judged_on_the_other(
    made: tuple[str, Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, planted = made
    chosen_on, judged_on = [], []
    following, muting = screening.followers_of, intervention.folder_logits

    def followers(index: FolderIndex, rows: np.ndarray, *how: object) -> object:
        chosen_on.append({index.pictures[row] for row in rows})
        return following(index, rows, *how)  # type: ignore[arg-type]

    def judged(network: object, index: FolderIndex, rows: list[int], *how: object, **options: object) -> object:
        judged_on.append({index.pictures[row] for row in rows})
        return muting(network, index, rows, *how, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(screening, "followers_of", followers)
    monkeypatch.setattr(intervention, "folder_logits", judged)
    finding = sounded(planted, measurements=(WHOLE_PICTURE,)).findings[0]
    half = min(chosen_on, key=len)
    assert finding.chosen_on_half
    assert half < max(chosen_on, key=len)
    assert judged_on
    assert not any(half & judged for judged in judged_on)
    assert finding.muting is not None
    assert f"measured on {finding.muting.pictures} pictures of the other half" in finding.words
    random = finding.muting.random
    assert random is not None
    assert random.clause in finding.words
    assert random.change == pytest.approx(finding.muting.difference.value, abs=1e-5), "the same pictures here"


def test_too_few_pictures_to_choose_on_a_half_name_filters_and_judge_none(
    made: tuple[str, Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the pictures alone show none that follows."""
    _, planted = made
    monkeypatch.setattr(screening, "second_half", lambda names: np.arange(len(names)) >= 6)
    finding = sounded(planted, measurements=(WHOLE_PICTURE,)).findings[0]
    assert finding.top
    assert not finding.chosen_on_half
    assert finding.muting is None
    assert "What muting them does is not measured" in finding.words


def test_all_that_was_asked_has_its_figures(made: tuple[str, Planted]) -> None:
    from explorer.core.alarm.as_values import as_values

    _, planted = made
    heard = sounded(planted, measurements=(WHOLE_PICTURE,))
    values = as_values(heard)
    assert [one["artifact"] for one in values["asked"]] == list(heard.artifacts)
    assert {one["of_class"] for one in values["asked"]} == {"malignant"}
    raised = {one["artifact"] for one in values["asked"] if one["raised"]}
    assert raised == {one.artifact for one in heard.findings} | {
        name for one in heard.findings for name in one.alongside
    }
    for one in values["asked"]:
        assert one["association"]["low"] <= one["association"]["value"] <= one["association"]["high"]
        assert 0 <= one["q"] <= 1
        assert one["pictures"] == heard.pictures
    assert f"the {len(heard.asked)} questions asked here" in heard.notes[0]
    assert '"with it" is the third' in heard.notes[1]


def test_the_words_say_what_was_measured_and_accuse_nobody(made: tuple[str, Planted]) -> None:
    _, planted = made
    heard = sounded(planted, measurements=(WHOLE_PICTURE,))
    finding = heard.findings[0]
    assert finding.words.startswith("Worth a look: ")
    assert str(finding.top[0].key) in finding.words
    assert "Muting" in finding.words
    assert "bias" not in finding.words.casefold()
    assert "worth a look" in heard.sentence
    assert f"of {len(planted.index.pictures)} pictures" in heard.sentence


def test_what_was_measured_before_is_not_measured_again(
    made: tuple[str, Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more measurements the network runs again for what they add, and for nothing else."""
    _, planted = made
    heard = sounded(planted, measurements=(WHOLE_PICTURE,))
    assert heard.findings[0].muting is not None
    monkeypatch.setattr(intervention, "folder_logits", _unasked)
    monkeypatch.setattr(intervention, "_under_one_light", _unasked)
    assert sounded(planted, measurements=(WHOLE_PICTURE,), before=heard) == heard
    with pytest.raises(AssertionError, match="the network ran"):
        sounded(planted, measurements=(WHOLE_PICTURE,))


def _unasked(*asked: object, **how: object) -> None:
    raise AssertionError("the network ran")


def test_what_a_person_says_counts_more_than_what_was_found(made: tuple[str, Planted]) -> None:
    """A word that nothing detects is found by the list of a person alone."""
    _, planted = made
    said = {name: {"tattoo": bool(has)} for name, has in zip(names_of(planted.cohort), planted.cohort.has, strict=True)}
    heard = sounded(planted, measurements=(), said=said)
    assert [one.artifact for one in heard.findings] == ["tattoo"]
    assert heard.findings[0].odds is not None
    assert heard.findings[0].odds.low > 3
    turned = {name: {"tattoo": number % 4 < 2} for number, name in enumerate(names_of(planted.cohort))}
    assert not sounded(planted, measurements=(), said=turned).findings


def test_without_two_classes_it_says_so(made: tuple[str, Planted]) -> None:
    from explorer.core.class_words import propose

    _, planted = made
    words = propose(["benign"], planted.index.classes)
    with pytest.raises(UserError, match="36 of benign, 0 of malignant: it takes more pictures"):
        sound(planted.index, words=words, measurements=(WHOLE_PICTURE,))


def raised(kind: str, folder: Path) -> list[tuple[Finding, ...]]:
    found = []
    for seed in range(SEEDS):
        (folder / str(seed)).mkdir()
        planted = set_up(kind, seed, folder / str(seed))
        with planted.index:
            found.append(sounded(planted, measurements=(CONCEPTS, WHOLE_PICTURE)).findings)
    return found


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_in_nine_of_ten_cohorts_it_comes_first(kind: str, tmp_path: Path) -> None:
    found = raised(kind, tmp_path)
    first = [findings[0] for findings in found if findings and findings[0].artifact in KINDS[kind]]
    assert len(first) >= 9, [[one.artifact for one in findings] for findings in found]
    assert all(one.muting is not None and one.muting.difference.value < 0 for one in first)


@pytest.mark.soak
def test_on_clean_cohorts_hardly_anything_is_raised(tmp_path: Path) -> None:
    found = raised("", tmp_path)
    assert sum(map(bool, found)) <= MOST_WITHOUT_CAUSE, [[one.artifact for one in findings] for findings in found]


def test_a_picture_that_is_gone_ends_no_alarm(tmp_path: Path) -> None:
    """It was there when the index was made, and is not when a cast is corrected."""
    planted = set_up("cast", 0, tmp_path, QUICK)
    with planted.index:
        whole = sounded(planted, measurements=(WHOLE_PICTURE,)).findings[0]
        judged = next(name for name in planted.index.pictures if second_half([name])[0])
        (planted.folder / judged).unlink()
        heard = sounded(planted, measurements=(WHOLE_PICTURE,)).findings[0]
    assert whole.correction is not None
    assert heard.correction is not None
    assert whole.muting is not None
    assert heard.muting is not None
    assert heard.correction.pictures == whole.correction.pictures - 1
    assert heard.muting.pictures == whole.muting.pictures - 1


def test_of_two_classes_the_scored_one_is_asked_whatever_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core.alarm import planted as drawn

    monkeypatch.setattr(drawn, "CLASSES", ("malignant", "benign"))
    turned = set_up("corner", 0, tmp_path, QUICK)
    with turned.index:
        found = sounded(turned, measurements=(WHOLE_PICTURE,)).findings
    assert turned.index.classes == ("malignant", "benign")
    assert {one.of_class for one in found} == {"malignant"}
