"""A second network beside the first: it answers on the same picture, and is never taken for the first."""

import gc
import math
import shutil
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

import explorer.core.comparison.lens_of_both as both_maps
from explorer.core.attribution import attribute
from explorer.core.comparison.compare import answers_of_indexes
from explorer.core.comparison.difference import difference
from explorer.core.comparison.filter_match import BothAnswers
from explorer.core.comparison.matching import MatchedFilter, number_is_stronger
from explorer.core.errors import UserError
from explorer.core.figures.single import FigureStyle
from explorer.core.images import read_image
from explorer.core.index import build_index, open_index
from explorer.core.index.kept_indexes import place_of
from explorer.core.maps.activations import record
from explorer.core.maps.value_range import SeenValues
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.filter_match import ANSWERS, HAND, NUMBER
from explorer.state.comparison.second_answers import LENS as SECOND_LENS
from explorer.state.comparison.side_by_side import DIFFERENCE, SECOND, TAGS_OFF
from explorer.state.export.comparison import comparison_order
from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.view.beside import NOTHING, UNTOUCHED, SignedBar
from explorer.state.workspace import Workspace
from tests.networks import save_normed, save_small
from tests.state.test_workspace import open_both
from trainer.networks.checkpoint import load, save

KEY = FilterKey(0, 0)
Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)


@pytest.fixture
def both(qtbot: QtBot, until: Until, workspace: Workspace, tmp_path: Path, pictures: Path) -> Workspace:
    """A small network with another of the same kind beside it, by number, both with their answers."""
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    workspace.second.open_network(Request(save_small(tmp_path / "b.safetensors", seed=1), device="cpu"))
    until(lambda: workspace.second.network is not None)
    workspace.match.choose(NUMBER)
    until(lambda: workspace.second_answers.activations is not None)
    return workspace


def test_the_second_one_lies_beside_with_its_own_answers(both: Workspace, until: Until, tmp_path: Path) -> None:
    second = open_network(tmp_path / "b.safetensors", device="cpu")
    assert both.beside.chosen == SECOND
    assert (SECOND, "network B: b") in both.beside.offered
    for picture in both.library.folder.pictures[:3]:
        both.session.update(picture=picture, filter=2)
        until(lambda picture=picture: both.pipeline.activations is not None and both.pipeline.shown.picture == picture)
        until(lambda: both.second_answers.activations is not None)
        expected = record(second, read_image(picture))
        np.testing.assert_array_equal(both.second_answers.map(FilterKey(3, 2)), expected.maps[3][2])
        first, said = both.sides.predictions
        assert dict(said) == pytest.approx(dict(zip(second.classes, expected.probabilities.tolist(), strict=True)))
        assert [name for name, _ in first] == [name for name, _ in said], "in one order, to be read side by side"
        assert dict(first) != dict(said)
    assert both.beside.shown.drawn().caption.startswith("B: b · 3:2")
    assert both.sides.caption == "A: a · 3:2"


def test_the_difference_is_b_minus_a_on_the_scale_of_a(both: Workspace) -> None:
    both.session.update_style(scale="map")
    filter = int(both.pipeline.maps(3).max((1, 2)).argmax())
    both.session.update(filter=filter)
    both.beside.choose(DIFFERENCE)
    first, second = both.pipeline.map(3, filter), both.second_answers.map(FilterKey(3, filter))
    frame = both.pipeline.activations.frame
    expected = difference(np.maximum(first, 0), frame, np.maximum(second, 0), frame)
    drawn = both.beside.shown.drawn()
    assert drawn.overlay.shape == (*expected.shape, 4)
    assert isinstance(drawn.bar, SignedBar)
    assert drawn.bar.limit == both.pipeline.scale(3, filter).peak > 0
    clear = np.abs(expected) > 0.05 * drawn.bar.limit
    orange = drawn.overlay[..., 0] > drawn.overlay[..., 2]
    np.testing.assert_array_equal(orange[clear], expected[clear] > 0)
    assert "scale of A" in drawn.caption
    both.sides.use_own_scales(True)
    drawn = both.beside.shown.drawn()
    assert drawn.bar.limit == 1.0
    assert "own scale" in drawn.caption


def test_a_network_differs_from_itself_by_nothing(
    qtbot: QtBot, until: Until, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    path = save_small(tmp_path / "a.safetensors")
    open_both(qtbot, workspace, path, pictures)
    workspace.second.open_network(Request(path, device="cpu"))
    until(lambda: workspace.second_answers.activations is not None and workspace.match.key is not None)
    workspace.beside.choose(DIFFERENCE)
    assert workspace.match.key == FilterKey(3, 0)
    assert workspace.beside.shown.drawn().overlay.max() == 0


def test_the_lens_lies_over_both_and_is_subtracted(both: Workspace, until: Until, tmp_path: Path) -> None:
    both.lens.choose("grad-cam")
    until(lambda: both.second_answers.lens_map is not None)
    found, request = both.second_answers.lens_map, both.lens.request
    assert found.target == both.lens.found.target, "the same class, whatever B itself would name"
    second = open_network(tmp_path / "b.safetensors", device="cpu")
    rgb = read_image(both.session.view.picture)
    expected = attribute(second, rgb, "grad-cam", target=request.target, **dict(request.settings))
    np.testing.assert_allclose(found.map, expected.map, atol=1e-6)
    both.beside.choose(DIFFERENCE)
    largest = np.nanmax(np.abs(found.map - both.lens.found.map))
    assert both.beside.shown.drawn().bar.limit == pytest.approx(largest, rel=0.02)
    assert "Grad-CAM" in both.beside.shown.drawn().caption
    both.lens.choose("")
    assert "scale of A" in both.beside.shown.drawn().caption


def test_swapped_b_lies_in_front_and_no_tag_is_given(both: Workspace) -> None:
    assert both.sides.in_front is None
    both.sides.swap()
    assert "B: b" in both.sides.in_front.caption
    assert "tags are A's" in both.sides.caption
    assert both.beside.shown.drawn().caption.startswith("A: a")
    assert both.tagging.read_only == TAGS_OFF
    with pytest.raises(UserError, match="tags are A's"):
        both.tagging.toggle(FilterKey(3, 0), "hair")
    assert both.tagging.book.total == 0
    both.sides.swap()
    assert both.tagging.read_only == ""
    both.tagging.toggle(FilterKey(3, 0), "hair")
    assert both.tagging.book.network_digest == both.library.network.digest


@pytest.mark.parametrize("end", [NOTHING, UNTOUCHED, "close"])
def test_whatever_takes_its_place_brings_a_back_to_the_front(both: Workspace, end: str) -> None:
    both.sides.swap()
    if end == "close":
        both.second.close_network()
    else:
        both.beside.choose(end)
    assert not both.sides.swapped
    assert both.sides.in_front is None
    assert both.tagging.read_only == ""
    both.sides.swap()
    assert not both.sides.swapped, "nobody looks at B, so that it cannot come to the front"


def test_another_first_network_lies_in_front(both: Workspace, until: Until, tmp_path: Path) -> None:
    both.sides.swap()
    both.opening.open_model(Request(save_small(tmp_path / "c.safetensors", seed=2), device="cpu"))
    until(lambda: both.library.network.name == "c" and both.pipeline.activations is not None)
    assert not both.sides.swapped
    assert both.sides.caption.startswith("A: c")
    until(lambda: both.match.key is not None and both.second_answers.activations is not None)
    assert both.second.network.name == "b"
    until(lambda: both.tagging.path is not None)
    assert both.tagging.read_only == ""


def test_muting_and_swapping_do_not_undo_each_others_lock_of_tags(both: Workspace) -> None:
    both.muting.toggle(FilterKey(3, 0))
    both.sides.swap()
    assert "in B nothing is" in " ".join(both.sides.notes)
    both.muting.restore()
    assert both.tagging.read_only == TAGS_OFF
    both.sides.swap()
    assert both.tagging.read_only == ""


def test_filters_are_matched_by_answers_number_or_hand(both: Workspace, until: Until) -> None:
    match = both.match
    assert match.key == FilterKey(3, 0)
    until(lambda: not math.isnan(match.strength) or "alike to all" in match.sentence)
    match.choose(ANSWERS)
    until(lambda: match.key is not None)
    assert f"3:0 of A = {match.key} of B" in match.sentence
    assert "on the other half (6 pictures)" in match.sentence
    both.session.update(layer=1, filter=1)
    until(lambda: match.key is not None)
    assert match.key.layer == 1
    match.choose(HAND)
    match.take(FilterKey(99, 99))
    assert match.key == FilterKey(3, 5), "as far as B has it"
    assert "1:1 of A and 3:5 of B" in match.sentence


def test_until_a_person_chooses_the_stronger_of_number_and_answers_stands(
    qtbot: QtBot,
    until: Until,
    workspace: Workspace,
    tmp_path: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert number_is_stronger((MatchedFilter(KEY, KEY, 0.1, 0.9), MatchedFilter(KEY, None, math.nan, 0.0)))
    assert not number_is_stronger((MatchedFilter(KEY, KEY, 0.5, 0.4),))
    assert not number_is_stronger((MatchedFilter(KEY, None, math.nan, 0.4),))
    path = save_small(tmp_path / "a.safetensors")
    open_both(qtbot, workspace, path, pictures)
    checkpoint = load(path)
    torch.manual_seed(0)
    weights = {name: value + 0.03 * torch.randn_like(value) for name, value in checkpoint.weights.items()}
    save(tmp_path / "later.safetensors", replace(checkpoint, weights=weights))
    workspace.second.open_network(Request(tmp_path / "later.safetensors", device="cpu"))
    match = workspace.match
    until(lambda: match.key is not None and match._both is not None and 3 in match._matches)
    assert match.how == (NUMBER if number_is_stronger(match._matches[3]) else ANSWERS)
    match._matches.clear()
    strengths = {2: (0.9, 0.5), 1: (0.5, 0.9)}  # of the match, and of the same number
    monkeypatch.setattr(
        type(match._both),
        "matches",
        lambda both, layer: tuple(
            MatchedFilter(FilterKey(layer, filter), FilterKey(layer, 0), *strengths[layer]) for filter in range(4)
        ),
    )
    for layer, how, filter_of_b in ((2, ANSWERS, 0), (1, NUMBER, 2), (2, ANSWERS, 0)):
        workspace.session.update(layer=layer, filter=2)
        until(lambda layer=layer: layer in match._matches)
        assert match.how == how, "each layer decides for itself"
        assert match.key == FilterKey(layer, filter_of_b)
    assert match.of(FilterKey(1, 3)) == FilterKey(1, 3), "whichever layer is in view"
    match.choose(HAND)
    workspace.session.update(layer=1)
    until(lambda: 1 in match._matches)
    assert match.how == HAND


def test_another_architecture_has_no_numbers_and_no_scale_in_common(
    qtbot: QtBot, until: Until, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    path, code = save_normed(tmp_path)
    workspace.second.open_network(Request(path, code, ("benign", "x"), device="cpu"))
    until(lambda: workspace.second.network is not None and workspace.match.key is not None)
    match, network = workspace.match, workspace.second.network
    assert not match.alike
    assert match.key.layer < 2
    assert match.key.filter < network.layers[match.key.layer].filters
    assert any("no common" in note for note in match.notes)
    assert any("Only the classes" in note for note in match.notes)
    match.choose(NUMBER)
    assert match.key is None
    assert "no filter of the same number" in match.sentence
    match.choose(ANSWERS)
    workspace.beside.choose(DIFFERENCE)
    until(lambda: workspace.second_answers.activations is not None)
    assert "each one's own scale" in workspace.beside.shown.drawn().caption
    workspace.lens.point(target="class:malignant")
    workspace.lens.choose("grad-cam")
    until(lambda: workspace.second_answers.trouble)
    assert workspace.second_answers.trouble == "B has no class malignant: there is nothing to measure."


def test_bs_own_scale_is_over_the_folder_where_its_index_is_kept(both: Workspace, until: Until) -> None:
    key, network, folder = FilterKey(3, 0), both.second.network, both.library.folder.path
    both.session.update_style(scale="folder")
    both.sides.use_own_scales(True)
    until(lambda: not both.second.session.matching.busy())
    assert "own scale, over 1 picture seen: B has no index yet" in both.beside.shown.drawn().caption
    place = place_of(network, folder, both.settings.folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    build_index(network, folder, place)
    both.second_indexing._opened()
    until(lambda: both.second_evidence.index is not None)
    with open_index(place) as index:
        expected = index.scale(key)
    assert both.sides.both.scale(second=True) == expected
    assert both.beside.shown.drawn().caption.endswith("own scale")
    both.session.update_style(raw=True)  # what the index does not hold is not taken for it
    until(lambda: both.second_answers.activations is not None)
    normed = network.layers[3].norm
    assert ("B has no index" in both.beside.shown.drawn().caption) == bool(normed)


def test_values_before_the_norm_are_never_pooled_with_those_after(
    qtbot: QtBot, until: Until, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    path, code = save_normed(tmp_path)
    workspace.second.open_network(Request(path, code, ("benign", "x"), device="cpu"))
    until(lambda: workspace.second_answers.activations is not None)
    maps = workspace.second_answers.activations.maps[0]
    key = FilterKey(0, int(maps.max((1, 2)).argmax()))
    workspace.match.take(key)
    peaks = []
    for raw in (False, True):
        workspace.session.update_style(scale="seen", raw=raw)
        until(lambda: workspace.second_answers.activations is not None)
        alone = SeenValues()
        alone.add(0, "the one in view", workspace.second_answers.activations.maps[0])
        assert workspace.second_answers.scale(key) == alone.scale(0, key.filter)
        peaks.append(alone.scale(0, key.filter).peak)
    assert peaks[0] != pytest.approx(peaks[1], rel=0.05), "else it would say nothing"


def test_filters_are_matched_by_the_indexes_as_soon_as_both_are_there(
    both: Workspace, until: Until, tmp_path: Path
) -> None:
    match, networks = both.match, (both.library.network, both.second.network)
    match.choose(ANSWERS)
    until(lambda: match.key is not None)
    folder, built = both.library.folder.path, []
    for name, network, evidence in zip("ab", networks, (both.evidence, both.second_evidence), strict=True):
        build_index(network, folder, tmp_path / f"{name}.h5")
        built.append(open_index(tmp_path / f"{name}.h5"))
        before = match._both
        evidence.take(built[-1])
        until(lambda: not both.second.session.matching.busy())
        assert (match._both is before) == (name == "a"), "one index alone says nothing of both"
    until(lambda: match.key is not None)
    pictures, *answers = answers_of_indexes((built[0], built[1]), networks)
    assert match._both.pictures == pictures, "named as in the index"
    np.testing.assert_array_equal(match._both.second.peaks[3], answers[1].peaks[3])
    assert "half" in match.sentence
    others = {"out": tmp_path, "pictures": (), "style": FigureStyle(), "format": "png"}
    order = comparison_order(both.sides, (match.first,), (), **others)
    assert order.strengths == {match.first: match.strength}, "figures say how strong a match is"
    match.choose(NUMBER)
    assert comparison_order(both.sides, (match.first,), (), **others).strengths is None


def test_too_few_pictures_are_said(
    qtbot: QtBot, until: Until, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    for picture in sorted(pictures.rglob("*.png"))[5:]:
        picture.unlink()
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    workspace.second.open_network(Request(save_small(tmp_path / "b.safetensors", seed=1), device="cpu"))
    until(lambda: workspace.match.trouble)
    assert "5 pictures are too few" in workspace.match.sentence
    workspace.match.choose(NUMBER)
    assert workspace.match.key == FilterKey(3, 0), "the number needs no pictures"


def test_nothing_is_computed_while_nobody_looks(both: Workspace, until: Until) -> None:
    both.beside.choose(UNTOUCHED)
    picture = both.library.folder.pictures[-1]
    both.session.update(picture=picture)
    until(lambda: both.pipeline.activations is not None and both.pipeline.shown.picture == picture)
    assert both.second_answers.activations is None
    assert not any(jobs.busy() for jobs in both.second.session.workers)
    both.beside.choose(SECOND)
    until(lambda: both.second_answers.activations is not None)


def test_a_closed_network_leaves_nothing_behind(both: Workspace, until: Until) -> None:
    module = weakref.ref(both.second.network.module)
    answers = weakref.ref(both.second_answers.activations)
    both.second.close_network()
    assert both.second.network is None
    assert both.beside.chosen == NOTHING
    assert SECOND not in dict(both.beside.offered)

    def gone() -> bool:
        gc.collect()
        return module() is None and answers() is None

    until(gone)


def test_the_window_ends_its_workers(qtbot: QtBot, tmp_path: Path, pictures: Path) -> None:
    before = threading.active_count()
    workspace = Workspace(Settings(tmp_path / "own" / "settings.ini"), Path("resources"))
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    workspace.second.open_network(Request(save_small(tmp_path / "b.safetensors", seed=1), device="cpu"))
    workspace.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_what_is_no_network_is_refused_as_the_first_one_is(
    qtbot: QtBot, until: Until, both: Workspace, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bad.safetensors"
    if content is not None:
        path.write_bytes(content)
    with qtbot.waitSignal(both.second.problem) as refused:
        both.second.open_network(Request(path, device="cpu"))
    with qtbot.waitSignal(both.library.problem) as of_first:
        both.library.open_network(Request(path, device="cpu"))
    assert isinstance(refused.args[0], UserError)
    assert str(refused.args[0]) == str(of_first.args[0])
    assert both.second.network is not None, "the one that was open is still there"


def test_a_start_opens_the_second_after_the_first(
    until: Until, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    with pytest.raises(UserError, match="Open a network first"):
        workspace.second.open_network(Request(tmp_path / "b.safetensors"))
    start = Start(model=save_small(tmp_path / "a.safetensors"), images=pictures, device="cpu")
    workspace.opening.start(replace(start, compare=save_small(tmp_path / "b.safetensors", seed=1)))
    until(lambda: workspace.second.network is not None)
    assert workspace.library.network.name == "a"
    assert workspace.second.network.name == "b"


def test_a_layer_is_matched_once_while_somebody_walks_through_its_filters(
    both: Workspace, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    match, real, may_end, asked = both.match, BothAnswers.matches, threading.Event(), []
    until(lambda: match._both is not None and 3 in match._matches)

    def slow(answers: BothAnswers, layer: int) -> tuple[MatchedFilter, ...]:
        asked.append(layer)
        may_end.wait(30)
        return real(answers, layer)

    monkeypatch.setattr(BothAnswers, "matches", slow)
    for filter in range(4):
        both.session.update(layer=1, filter=filter)
        until(lambda: asked)
    may_end.set()
    until(lambda: 1 in match._matches)
    both.session.update(layer=2, filter=0)
    until(lambda: 2 in match._matches)
    assert asked == [1, 2]


def test_a_lens_of_b_that_a_person_stopped_says_so(
    both: Workspace, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, jobs, may_end, real = (
        both.second_answers,
        both.second.session.batch,
        threading.Event(),
        both_maps.translated,
    )
    monkeypatch.setattr(both_maps, "translated", lambda *arguments: may_end.wait(30) and real(*arguments))
    both.beside.choose(SECOND)
    both.lens.choose("occlusion")
    until(lambda: both.lens.found is not None and not both.lens.rough)
    until(lambda: jobs.busy(SECOND_LENS))
    jobs.cancel(SECOND_LENS)
    assert answers.trouble == "Stopped before it was measured."
    both.beside.choose(NOTHING)
    both.beside.choose(SECOND)
    may_end.set()
    assert answers.trouble == "Stopped before it was measured."  # it does not begin again by itself
    both.session.update(picture=both.library.folder.pictures[1])
    until(lambda: answers.lens_map is not None)
    assert answers.trouble == ""


def test_the_scale_of_b_over_the_pictures_seen_begins_anew_with_another_folder(
    both: Workspace, until: Until, tmp_path: Path, pictures: Path
) -> None:
    both.beside.choose(SECOND)
    both.session.update_style(scale="folder")
    until(lambda: both.second_answers.activations is not None)
    assert "over 1 picture seen" in both.second_answers.scale_words(KEY)
    both.session.update(picture=both.library.folder.pictures[1])
    until(lambda: both.pipeline.shown.picture == both.session.view.picture)
    until(lambda: both.second_answers.activations is not None)
    assert "over 2 pictures seen" in both.second_answers.scale_words(KEY)
    shutil.copytree(pictures / "benign", tmp_path / "others")
    both.opening.open_folder(tmp_path / "others")
    until(lambda: both.library.folder.path == tmp_path / "others" and both.second_answers.activations is not None)
    assert "over 1 picture seen" in both.second_answers.scale_words(KEY)
