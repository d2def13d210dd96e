"""Filters of two networks are found again by what they answer, and what both say is told apart."""

import csv
import dataclasses
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.core.comparison import Comparison, compare
from explorer.core.comparison.filter_match import BothAnswers
from explorer.core.comparison.folder_answers import FolderAnswers
from explorer.core.comparison.matching import correlations, halves, match_anywhere, match_layer, silent
from explorer.core.comparison.report_file import report_of
from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.core.network.opening import Network, open_network
from explorer.core.tags import FilterKey
from tests.networks import open_small, save_small
from trainer.measures.prediction import Prediction


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 pictures that differ in more than their noise."""
    found, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(48):
        coarse = random.integers(0, 255, (5, 5, 3), np.uint8)
        Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC).save(found / f"p{number}.png")
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("small"))


def permuted(network: Network) -> tuple[Network, dict[FilterKey, FilterKey]]:
    """The same network with the filters of every layer in another order, and where each of them went."""
    other, random, went = network.copy(), np.random.default_rng(7), {}
    convolutions = [other.module.get_submodule(layer.module) for layer in other.layers]
    linear = next(part for part in other.module.modules() if isinstance(part, torch.nn.Linear))
    for layer, convolution in enumerate(convolutions):
        order = random.permutation(convolution.out_channels)
        went |= {FilterKey(layer, int(old)): FilterKey(layer, new) for new, old in enumerate(order)}
        with torch.no_grad():
            convolution.weight.copy_(convolution.weight[order])
            convolution.bias.copy_(convolution.bias[order])
            if layer + 1 < len(convolutions):
                convolutions[layer + 1].weight.copy_(convolutions[layer + 1].weight[:, order])
            else:
                columns = linear.weight.reshape(linear.out_features, len(order), -1)
                linear.weight.copy_(columns[:, order].reshape(linear.weight.shape))
    return other, went


def test_a_network_with_its_filters_in_another_order_is_found_again(small: Network, folder: Path) -> None:
    other, went = permuted(small)
    steps: list[tuple[int, int]] = []
    found = compare(small, other, folder, on_step=lambda *step: steps.append(step))
    assert len(found.matches) == sum(layer.filters for layer in small.layers)
    telling = [match for match in found.matches if not np.isnan(match.strength)]
    assert len(telling) > 0.7 * len(found.matches)
    assert all(match.second == went[match.first] for match in telling)
    assert all(match.strength == pytest.approx(1, abs=1e-6) for match in telling)
    assert (found.matched_on, found.measured_on) == (24, 24)
    assert not found.changed
    assert max(one.distance for one in found.predictions) < 1e-6
    assert steps[-1] == (48, 48)


def changed_by_hand(network: Network) -> Network:
    """The same network in whose second layer two filters changed places and one was written over by another's twin."""
    other = network.copy()
    convolution = other.module.get_submodule(other.layers[1].module)
    with torch.no_grad():
        for part in (convolution.weight, convolution.bias):
            part.copy_(part[[1, 0, 3, 3]])
    return other


@pytest.mark.parametrize("match", ["answers", "number"])
def test_only_filters_that_changed_are_said_to_have_changed_most(small: Network, folder: Path, match: str) -> None:
    """The best assignment of a layer in which one filter is gone gives others away that have not changed."""
    found = compare(small, changed_by_hand(small), folder, match=match)
    of_layer = [one for one in found.most_changed if one.first.layer == 1 and not np.isnan(one.kept)]
    changed = {one.first.filter for one in of_layer if one.kept < 0.999}
    assert changed == ({2} if match == "answers" else {0, 1, 2})
    assert {one.first.filter for one in of_layer[: len(changed)]} == changed
    assert all(one.kept == pytest.approx(1) for one in of_layer[len(changed) :])
    if match == "number":
        assert all(one.second == one.first for one in found.matches)
        assert all(one.strength == one.same_number for one in of_layer)


def test_layers_of_the_same_count_alone_do_not_make_one_architecture(small: Network, folder: Path) -> None:
    layers = (*small.layers[:-1], dataclasses.replace(small.layers[-1], name="elsewhere"))
    found = compare(small, dataclasses.replace(small, layers=layers), folder)
    assert not found.matches
    assert "other layers" in found.notes[0]
    assert "only the predictions" in found.notes[-1]
    assert found.predictions
    wider = dataclasses.replace(small, input=dataclasses.replace(small.input, mean=(0.1, 0.2, 0.3)))
    assert any("another normalisation" in note for note in compare(small, wider, folder).notes)


def test_a_network_is_itself_by_number_too(small: Network, folder: Path) -> None:
    found = compare(small, small, folder)
    for match in found.matches:
        if not np.isnan(match.strength):
            assert match.second == match.first
            assert match.strength == match.same_number == pytest.approx(1)


def test_answers_that_are_chance_are_strong_only_where_they_were_matched() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 64, 60)).astype(np.float32)
    matched, measured = np.arange(30), np.arange(30, 60)
    matches = match_layer(3, first, second, matched, measured)
    assert abs(np.mean([match.strength for match in matches])) < 0.1
    there = correlations(first[:, matched], second[:, matched])
    assert np.mean([there[match.first.filter, match.second.filter] for match in matches if match.second]) > 0.3
    assert len({match.second for match in matches}) == 64


def test_the_assignment_is_the_best_of_all() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, 4, 20)).astype(np.float32)
    rows = np.arange(20)
    found = match_layer(0, first, second, rows, rows)
    from itertools import permutations

    table = np.corrcoef(first, second)[:4, 4:]
    best = max(permutations(range(4)), key=lambda order: sum(table[row, column] for row, column in enumerate(order)))
    assert [match.second for match in found] == [FilterKey(0, column) for column in best]
    np.testing.assert_allclose([match.strength for match in found], [table[row, best[row]] for row in range(4)], 1e-6)
    np.testing.assert_allclose([match.same_number for match in found], np.diag(table), rtol=1e-6)


def test_a_filter_that_answers_alike_to_all_has_no_strength() -> None:
    first = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    second = first.copy()
    alike = np.float32(0.1)
    second[1] = np.where(np.arange(20) % 3, alike, np.nextafter(alike, np.float32(1)))  # but for rounding
    rows = np.arange(20)
    found = match_layer(0, first, second, rows, rows)
    assert [match.second for match in found] == [FilterKey(0, number) for number in range(3)]
    assert np.isnan(found[1].strength)
    assert found[0].strength == pytest.approx(1)


def test_filters_that_are_silent_in_both_have_not_changed() -> None:
    random = np.random.default_rng(0)
    first = np.abs(random.normal(size=(5, 40))).astype(np.float32)
    second = np.abs(random.normal(size=(5, 40))).astype(np.float32)  # another network altogether
    below = -np.abs(random.normal(size=(4, 40))).astype(np.float32)  # never above zero, but not constant
    first[1], second[1], first[3], second[3] = below
    rows = np.arange(40)
    found = match_layer(2, first, second, rows[:20], rows[20:])
    for number in (1, 3):
        assert (found[number].second, found[number].silent) == (FilterKey(2, number), "both")
    assert all(not one.silent and not np.isnan(one.strength) for one in (found[0], found[2], found[4]))
    comparison = Comparison((), (), tuple(found), 20, 20, (), ())
    assert {one.first.filter for one in comparison.most_changed[-2:]} == {1, 3}
    assert (found[1].strength, found[1].same_number) == (1, 1)


def test_a_filter_that_fell_silent_is_said_as_that_and_has_no_strength() -> None:
    random = np.random.default_rng(0)
    first = np.abs(random.normal(size=(4, 40))).astype(np.float32)
    second = first.copy()
    second[1] = -np.abs(random.normal(size=40))
    second[2] = 0.7
    rows = np.arange(40)
    gone = match_layer(0, first, second, rows[:20], rows[20:])
    assert [one.silent for one in gone] == ["", "second", "second", ""]
    assert [one.silent for one in match_layer(0, second, first, rows[:20], rows[20:])] == ["", "first", "first", ""]
    assert all(np.isnan(gone[number].strength) for number in (1, 2))
    rows_of = list(csv.DictReader(io.StringIO(report_of(Comparison((), (), tuple(gone), 20, 20, (), ())).decode())))
    assert {one["filter"]: (one["strength"], one["silent"]) for one in rows_of}["1"] == ("", "second")


def test_a_filter_without_an_answer_is_matched_in_no_other_architecture() -> None:
    first = np.abs(np.random.default_rng(0).normal(size=(2, 40))).astype(np.float32)
    others = [first[::-1].copy()]
    first[1] *= -1
    found = match_anywhere(0, first, others, np.arange(20), np.arange(20, 40))
    assert [(one.second, one.silent) for one in found] == [(FilterKey(0, 1), ""), (None, "first")]


@given(st.integers(0, 1000))
def test_silent_filters_are_matched_alike_whether_layers_belong_together_or_not(seed: int) -> None:
    """Silent as dead rectifiers are: zero everywhere, one value everywhere, or below zero everywhere."""
    random = np.random.default_rng(seed)
    first, second = np.abs(random.normal(size=(2, 5, 24))).astype(np.float32)
    for peaks in (first, second):
        dead = random.permutation(5)[: random.integers(1, 4)]
        peaks[dead] = random.choice([0, 3, -1], len(dead))[:, None]
        peaks[dead[0]] = -np.abs(random.normal(size=24))
    halved = np.arange(12), np.arange(12, 24)
    anywhere = match_anywhere(0, first, [second], *halved)
    quiet = {FilterKey(0, int(filter)) for filter in np.flatnonzero(silent(second))}
    answers = (FolderAnswers(("a",), (peaks,), np.zeros((24, 1), np.float32)) for peaks in (first, second))
    both = BothAnswers(tuple(map(str, range(24))), *answers, same_layers=False)
    for match in anywhere:
        if silent(first)[match.first.filter]:
            assert (match.second in quiet, match.strength, match.silent) == (True, 1.0, "both")
            assert both.strength(match.first, match.second) == 1.0
    together = {match.first: match for match in match_layer(0, first, second, *halved) if match.silent == "both"}
    assert {match.first for match in anywhere if match.silent == "both"} >= together.keys()
    assert all(match.strength == 1.0 for match in together.values())


def test_filters_beyond_the_others_have_no_match() -> None:
    first = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    found = match_layer(0, first, first[[2, 0]], np.arange(10), np.arange(10, 20))
    assert [match.second for match in found] == [FilterKey(0, 1), None, FilterKey(0, 0)]
    assert np.isnan(found[1].strength)
    assert np.isnan(found[2].same_number)


def test_halves_are_the_same_for_the_same_names_and_hold_everything() -> None:
    names = [f"p{number}" for number in range(31)]
    one, other = halves(names)
    assert sorted([*one, *other]) == list(range(31))
    again = halves(list(reversed(names)))
    assert {names[row] for row in one} == {names[30 - row] for row in again[0]}


@pytest.fixture(scope="module")
def two(small: Network, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Comparison]:
    other = open_small(tmp_path_factory.mktemp("other"), seed=1)
    return other, compare(small, other, folder)


def test_predictions_are_those_of_both(two: tuple[Network, Comparison], small: Network, folder: Path) -> None:
    other, found = two
    from explorer.core.images import read_image

    for pair in found.predictions[:5]:
        for which, network in enumerate((small, other)):
            with torch.no_grad():
                logits = network.logits(network.input.prepare(read_image(folder / pair.picture))[None]).numpy()
            expected = Prediction(logits[0]).probabilities
            np.testing.assert_allclose([both[which] for both in pair.probabilities], expected, atol=1e-5)
            assert (pair.first, pair.second)[which] == network.classes[int(logits.argmax())]
    assert [one.picture for one in found.changed] == [
        one.picture for one in sorted(found.predictions, key=lambda one: -one.distance) if one.first != one.second
    ]
    strengths = [match.kept for match in found.most_changed if not np.isnan(match.kept)]
    assert strengths == sorted(strengths)


def test_the_report_holds_a_row_for_each_filter_and_each_picture(two: tuple[Network, Comparison]) -> None:
    _, found = two
    rows = list(csv.DictReader(io.StringIO(report_of(found).decode())))
    filters = [row for row in rows if row["kind"] == "filter"]
    pictures = [row for row in rows if row["kind"] == "picture"]
    assert len(filters) == len(found.matches)
    assert len(pictures) == 48
    assert [row["picture"] for row in pictures if row["changed"] == "yes"] == [one.picture for one in found.changed]
    first = found.most_changed[0]
    assert (int(filters[0]["layer"]), int(filters[0]["filter"])) == (first.first.layer, first.first.filter)
    assert float(filters[0]["strength"]) == pytest.approx(first.strength, abs=1e-4)
    of_classes = [name for name in rows[0] if ":" in name]
    assert of_classes == ["first:benign", "second:benign", "first:malignant", "second:malignant"]
    values = [float(pictures[0][name]) for name in of_classes]
    assert values[0] + values[2] == pytest.approx(1, abs=1e-5)


def test_indexes_say_the_same_as_the_pictures(
    two: tuple[Network, Comparison], small: Network, folder: Path, tmp_path: Path
) -> None:
    other, expected = two
    files = [build_index(network, folder, tmp_path / f"{number}.h5") for number, network in enumerate((small, other))]
    with open_index(files[0]) as one, open_index(files[1]) as another:
        found = compare(small, other, folder, indexes=(one, another))
        with pytest.raises(UserError, match="another network"):
            compare(other, small, folder, indexes=(one, another))
    assert set(found.pictures) == set(expected.pictures)
    strengths = {match.first: match for match in found.matches}
    for match in expected.matches:
        same = strengths[match.first]
        assert same.second == match.second
        np.testing.assert_allclose(same.strength, match.strength, atol=2e-3)  # an index keeps fewer digits
    assert {one.picture for one in found.changed} == {one.picture for one in expected.changed}


def test_pictures_of_one_name_in_several_folders_are_told_apart(
    small: Network, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_small(tmp_path, seed=1)
    for number, picture in enumerate(sorted(folder.glob("*.png"))):
        place = tmp_path / "pictures" / f"folder{number % 12}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, place / f"p{number // 12}.png")
    paths = sorted((tmp_path / "pictures").rglob("*.png"))
    found, whole = compare(small, other, paths), compare(small, other, tmp_path / "pictures")
    assert len(set(found.pictures)) == 48
    assert sorted(found.pictures) == sorted(whole.pictures), "as in the folder that they share"
    strength_of, expected = ({match.first: match.strength for match in each.matches} for each in (found, whole))
    assert strength_of == pytest.approx(expected, nan_ok=True, abs=1e-5), "and halved alike"
    monkeypatch.chdir(tmp_path)
    mixed = [paths[0].relative_to(tmp_path), *paths[1:]]
    assert compare(small, other, mixed).pictures == found.pictures
    assert compare(small, other, sorted(folder.glob("*.png"))).pictures[0] == "p0.png", "all of one folder"


def test_what_cannot_be_compared_is_said(small: Network, folder: Path, tmp_path: Path) -> None:
    others = open_network(save_small(tmp_path / "n.safetensors", classes=("nv", "mel")), device="cpu")
    found = compare(small, others, sorted(folder.glob("*.png"))[:6])
    assert not found.matches
    assert not found.predictions
    assert "no class in common" in found.notes[0]
    assert "too few" in found.notes[1]
    assert found.pictures[0] == "p0.png"
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"x\.png"):
        compare(small, small, tmp_path / "bad")
    with pytest.raises(UserError, match="is a file"):
        compare(small, small, folder / "p0.png")


def test_pictures_that_changed_between_two_indexes_are_said(
    two: tuple[Network, Comparison], small: Network, folder: Path, tmp_path: Path
) -> None:
    """Of the same name, but another picture: it is no pair, and none left is no comparison."""
    other, images = two[0], tmp_path / "images"
    shutil.copytree(folder, images)
    first = build_index(small, images, tmp_path / "first.h5")
    shutil.copy(images / "p1.png", images / "p0.png")
    second = build_index(other, images, tmp_path / "second.h5")
    with open_index(first) as one, open_index(second) as another:
        found = compare(small, other, images, indexes=(one, another))
        assert "p0.png" not in found.pictures
        assert "1 picture of the same name with another content in the two indexes left out." in found.notes
    for path in images.glob("*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    inverse = build_index(other, images, tmp_path / "inverse.h5")
    with open_index(first) as one, open_index(inverse) as another, pytest.raises(UserError, match="another content"):
        compare(small, other, images, indexes=(one, another))
