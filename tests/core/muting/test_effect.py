"""What muting does over a folder, held against a plain loop."""

import csv
import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import log_loss, roc_auc_score

from explorer.core.class_words import ClassWords, propose, told_apart
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.index.as_csv import write_csv
from explorer.core.index.filter_card import filter_card
from explorer.core.index.layer_summary import summary_of
from explorer.core.index.muted_alone import margins
from explorer.core.muting import FolderMeans, artifact, folder_pass, muted_logits
from explorer.core.muting.against_random import FEWEST_SETS, percentile
from explorer.core.muting.artifact import drawn_artifact
from explorer.core.muting.effect import EffectOptions, muting_effect
from explorer.core.muting.effect_words import as_dict, notes, sentence, table
from explorer.core.muting.folder_pass import log_odds
from explorer.core.muting.judged_pictures import second_half
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.one_by_one import agreement, mute_one_by_one
from explorer.core.muting.shared_passes import SharedPasses
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.opening import Network
from explorer.core.report.difference import differences
from explorer.core.tags import FilterKey
from explorer.state.index.filter_order import arranged
from trainer.measures.prediction import Prediction
from trainer.measures.spoken import ordinal, signed
from trainer.networks.output_spec import OutputSpec

KEYS = [FilterKey(1, 2), FilterKey(3, 0), FilterKey(3, 4)]
QUICK = EffectOptions(random_draws=0, draws=200)


def words_of(index: FolderIndex) -> ClassWords:
    return propose(set(index.given) - {""}, told_apart(index.classes))


def by_loop(network: Network, index: FolderIndex, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Labels and muted probabilities, picture by picture with hooks."""
    found = []
    for name in index.pictures:
        batch = network.input.prepare(read_image(folder / "images" / name))[None]
        found.append(muted_by_hooks(network, batch, KEYS)[0])
    labels = np.array([index.classes.index(word) for word in index.given])
    return labels, Prediction(np.stack(found)).probabilities


def test_figures_are_those_of_a_plain_loop(network: Network, index: FolderIndex, drawn: Path) -> None:
    labels, muted = by_loop(network, index, drawn)
    found = muting_effect(network, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, threshold=0.5))
    assert found.scored == "malignant"
    auc = found.auc["malignant"]
    assert auc.before.value == pytest.approx(roc_auc_score(labels == 1, index.probabilities[:, 1]), abs=1e-6)
    assert auc.after.value == pytest.approx(roc_auc_score(labels == 1, muted[:, 1]), abs=1e-6)
    assert found.log_loss.after.value == pytest.approx(log_loss(labels, muted), rel=1e-5)
    assert found.sensitivity.after.value == pytest.approx((muted[labels == 1, 1] >= 0.5).mean())
    assert found.specificity.after.value == pytest.approx((muted[labels == 0, 1] < 0.5).mean())
    assert found.threshold_pictures == len(found.pictures) == 40
    assert abs(auc.change.value) > 1e-3, "nothing was muted"


def test_the_loss_of_classes_that_are_decided_each_for_itself_counts_all_of_them(
    network: Network, index: FolderIndex, drawn: Path
) -> None:
    alone = dataclasses.replace(network, output=OutputSpec(meaning="independent"))
    found = muting_effect(alone, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, threshold=0.5))
    labels = np.array([index.classes.index(word) for word in index.given])
    batches = [network.input.prepare(read_image(drawn / "images" / name))[None] for name in index.pictures]
    logits = np.stack([muted_by_hooks(network, batch, KEYS)[0] for batch in batches])
    muted = Prediction(logits, independent=True).probabilities
    wanted = np.mean([log_loss(labels == place, muted[:, place]) for place in range(2)])
    assert found.log_loss.after.value == pytest.approx(wanted, rel=1e-4)


def test_a_threshold_of_one_half_is_applied_to_the_other(network: Network, index: FolderIndex) -> None:
    found = muting_effect(network, index, words_of(index), KEYS, options=QUICK)
    second = second_half(index.pictures)
    assert found.threshold_pictures == second.sum()
    labels = np.array([word == "malignant" for word in index.given])
    scores = index.probabilities[:, 1]

    def youden(threshold: float) -> float:
        called = scores[~second] >= threshold
        return float(called[labels[~second]].mean() + (~called)[~labels[~second]].mean())

    assert youden(found.threshold) == pytest.approx(max(map(youden, scores[~second])))


def test_what_was_chosen_by_its_effect_is_judged_on_the_other_half(network: Network, index: FolderIndex) -> None:
    chosen = mute_one_by_one(network, index, first_half=True)
    options = dataclasses.replace(QUICK, chosen_by_effect=True, threshold=0.5)
    judged = muting_effect(network, index, words_of(index), KEYS, options=options)
    assert not set(chosen.pictures) & set(judged.pictures)
    assert len(chosen.pictures) + len(judged.pictures) == 40
    assert "other half" in " ".join(notes(judged))


def test_a_lesion_is_never_in_both_halves(network: Network, index: FolderIndex) -> None:
    lesions = {name: f"lesion {place // 2}" for place, name in enumerate(index.pictures)}
    of = [lesions[name] for name in index.pictures]
    chosen = mute_one_by_one(network, index, first_half=True, lesions=of)
    options = dataclasses.replace(QUICK, chosen_by_effect=True, threshold=0.5)
    judged = muting_effect(network, index, words_of(index), KEYS, lesions=lesions, options=options)
    assert judged.drawn_over == "lesions"
    assert not {lesions[name] for name in chosen.pictures} & {lesions[name] for name in judged.pictures}


def test_lesions_of_pictures_that_are_not_measured_are_none_to_draw_over(network: Network, index: FolderIndex) -> None:
    trained = np.zeros(40, bool)
    trained[::4] = True
    index.__dict__["trained_on"] = trained
    elsewhere = {index.pictures[0]: "L1", "gone.jpg": "L1"}
    assert (
        muting_effect(network, index, words_of(index), KEYS, lesions=elsewhere, options=QUICK).drawn_over == "pictures"
    )
    measured = {index.pictures[1]: "L1"}
    assert muting_effect(network, index, words_of(index), KEYS, lesions=measured, options=QUICK).drawn_over == "lesions"


def test_pictures_of_the_training_are_left_out(network: Network, index: FolderIndex) -> None:
    trained = np.zeros(40, bool)
    trained[::4] = True
    index.__dict__["trained_on"] = trained
    found = muting_effect(network, index, words_of(index), KEYS, options=QUICK)
    assert not {index.pictures[row] for row in np.flatnonzero(trained)} & set(found.pictures)
    assert "used for training" in " ".join(notes(found))


def test_the_only_other_sets_are_all_taken_and_that_is_said(network: Network, index: FolderIndex) -> None:
    options = EffectOptions(random_draws=100, draws=50)
    found = muting_effect(network, index, words_of(index), [FilterKey(0, 0)], options=options)
    assert found.random is not None
    layer = index.filters()[index.filters()["layer"] == 0]
    assert found.random.complete
    assert found.random.draws == len(found.random.changes) < 2 ** (len(layer) - 1)
    said = " ".join(notes(found))
    assert f"the only {found.random.draws} other sets of filters of the same layers that are possible" in said
    few = found.random.draws < FEWEST_SETS
    assert ("too few for a percentile" in said) == few == np.isnan(found.random.percentile)
    assert ("percentile" in sentence(found)) != few


def test_where_no_other_filters_are_as_relevant_there_is_no_percentile(network: Network, index: FolderIndex) -> None:
    keys = [FilterKey(3, number) for number in range(network.layers[3].filters)]
    found = muting_effect(network, index, words_of(index), keys, options=EffectOptions(random_draws=20, draws=50))
    assert found.random is not None
    assert found.random.draws == 0
    assert np.isnan(found.random.percentile)
    assert "percentile" not in sentence(found)
    assert "Against no other filters" in " ".join(notes(found))
    assert as_dict(found)["random"]["percentile"] is None


def test_a_percentile_counts_ties_half() -> None:
    assert percentile(-1.0, [0.0, 0.0]) == 0
    assert percentile(0.0, [0.0, 0.0, -1.0, 1.0]) == 50
    assert [ordinal(number) for number in (1, 2.2, 3, 11, 21, 38.4)] == ["1st", "2nd", "3rd", "11th", "21st", "38th"]
    assert [signed(number) for number in (0.0041, -0.0004, -0.02)] == ["+0.004", "0.000", "-0.020"]


def test_an_effect_is_told(network: Network, index: FolderIndex) -> None:
    options = EffectOptions(random_draws=20, draws=200, artifact="ruler")
    found = muting_effect(network, index, words_of(index), KEYS, options=options)
    assert found.random is not None
    placed = dataclasses.replace(found.random, percentile=38.4, draws=200, complete=False, lent=0.0)
    said = sentence(dataclasses.replace(found, random=placed), "tagged ruler")
    assert said.startswith("muting the 3 filters tagged ruler changes the AUC by ")
    assert " (random filters: 38th percentile) and the effect of a drawn ruler on the score from " in said
    assert said.endswith(" logits")
    lent = dataclasses.replace(placed, complete=True, draws=23, lent=0.25)
    assert lent.clause == "all 23 other sets that are possible, these among them: 38th percentile"
    assert found.random.change == pytest.approx(found.mean_auc.change.value, abs=1e-6), "the same pictures here"
    assert len(table(found)) == 7
    assert as_dict(found)["artifact"]["artifact"] == "ruler"


def test_a_drawn_artifact_moves_the_score_as_in_a_plain_loop(network: Network, index: FolderIndex, drawn: Path) -> None:
    options = EffectOptions(random_draws=0, draws=200, artifact="ink", artifact_pictures=100)
    found = muting_effect(network, index, words_of(index), KEYS, options=options).artifact
    assert found is not None
    effects: dict[str, list[tuple[float, float]]] = {"benign": [], "malignant": []}
    for row, name in enumerate(index.pictures):
        crop = network.input.crop(read_image(drawn / "images" / name))
        plain, over = (
            network.input.normalise(one)[None] for one in (crop, drawn_artifact(crop, "ink", 0, index.digests[row]))
        )
        assert not torch.equal(plain, over)
        of = [
            [float(log_odds(network, muted_by_hooks(network, batch, keys)[0], 1)) for batch in (plain, over)]
            for keys in ([], KEYS)
        ]
        effects[index.given[row]].append((of[0][1] - of[0][0], of[1][1] - of[1][0]))
    expected = np.mean([np.mean(pairs, axis=0) for pairs in effects.values()], axis=0)
    assert [found.effect.before.value, found.effect.after.value] == pytest.approx(expected.tolist(), abs=1e-5)


def test_what_is_drawn_into_a_picture_stays_when_others_come(
    network: Network, index: FolderIndex, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that stands before all others in the folder moves their rows, and changes nothing in them."""

    def drawn_into(of: FolderIndex) -> dict[str, bytes]:
        pictures: dict[str, bytes] = {}

        def kept(crop: np.ndarray, *how: object) -> np.ndarray:
            over = drawn_artifact(crop, *how)  # type: ignore[arg-type]
            pictures[crop.tobytes().hex()] = over.tobytes()
            return over

        monkeypatch.setattr(artifact, "drawn_artifact", kept)
        options = EffectOptions(random_draws=0, draws=50, artifact="ink", artifact_pictures=100)
        muting_effect(network, of, words_of(of), KEYS, options=options)
        return pictures

    shutil.copytree(drawn / "images", tmp_path / "more")
    first = min(index.pictures)
    changed = np.asarray(Image.open(drawn / "images" / first))[::-1]
    Image.fromarray(changed).save(tmp_path / "more" / Path(first).parent / "a.png")
    before = drawn_into(index)
    with open_index(build_index(network, tmp_path / "more", tmp_path / "more.h5")) as larger:
        after = drawn_into(larger)
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_of_two_outputs_that_are_decided_apart_both_have_an_auc(
    network: Network, index: FolderIndex, drawn: Path
) -> None:
    apart = dataclasses.replace(network, output=OutputSpec(meaning="independent"))
    found = muting_effect(apart, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, threshold=0.5))
    batches = [network.input.prepare(read_image(drawn / "images" / name))[None] for name in index.pictures]
    muted = np.stack([muted_by_hooks(network, batch, KEYS)[0] for batch in batches])
    for place, name in enumerate(index.classes):
        positive = [word == name for word in index.given]
        assert found.auc[name].before.value == pytest.approx(roc_auc_score(positive, index.logits[:, place]), abs=1e-6)
        assert found.auc[name].after.value == pytest.approx(roc_auc_score(positive, muted[:, place]), abs=1e-6)
    assert {line.split("  ")[0].strip() for line in table(found)} >= {"AUC of benign", "AUC of malignant", "mean AUC"}


def test_every_filter_by_itself_is_exact_and_kept(network: Network, index: FolderIndex, drawn: Path) -> None:
    found = mute_one_by_one(network, index, pictures=12)
    assert len(found.keys) == sum(info.filters for info in network.layers)
    assert len(found.pictures) == 12
    batch = torch.stack([network.input.prepare(read_image(drawn / "images" / name)) for name in found.pictures])
    for place in (0, 5, len(found.keys) - 1):
        np.testing.assert_allclose(found.after[place], muted_by_hooks(network, batch, [found.keys[place]]), atol=1e-5)
    again = mute_one_by_one(network, index, pictures=12, on_step=lambda done, total: pytest.fail("computed again"))
    np.testing.assert_array_equal(again.after, found.after)
    few = mute_one_by_one(network, index, pictures=12, most=3)
    relevance = index.filters()["relevance"]
    assert {index.row(key) for key in few.keys} == set(np.argsort(-relevance, kind="stable")[:3].tolist())


def test_what_each_filter_does_stands_in_csv_card_and_order(
    network: Network, index_file: Path, drawn: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "index.h5"
    shutil.copy(index_file, kept)
    shutil.copytree(index_file.with_suffix(".parts"), kept.with_suffix(".parts"))
    for old in kept.with_suffix(".parts").glob("muting-*"):
        old.unlink()
    size = (network.layers[3].height, network.layers[3].width)
    with open_index(kept) as index:
        assert filter_card(index, FilterKey(3, 1), size).muting == ""
        assert np.isnan(summary_of(index, 3, size).muting).all()
        mute_one_by_one(network, index, pictures=5)
        found = mute_one_by_one(network, index, pictures=12)
        row = found.keys.index(FilterKey(3, 1))
        drops = margins(found.before, found.before) - margins(found.after[row], found.before)
        card = filter_card(index, FilterKey(3, 1), size)
        assert card.margin_change == pytest.approx(-drops.mean())
        assert card.margin_change_abs == pytest.approx(np.abs(drops).mean())
        assert card.muting.startswith("muting it alone changes the margin by ")
        summary = summary_of(index, 3, size)
        assert summary.muting[1] == pytest.approx(card.margin_change_abs)
        most = int(np.argmax(summary.muting))
        assert arranged(range(len(summary.muting)), "muting", summary, None, bool)[0] == most
        write_csv(index, tmp_path / "csv")
    with (tmp_path / "csv" / "filters.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {(row["layer"], row["filter"]): row for row in csv.DictReader(file)}
    assert float(told["3", "1"]["margin_change"]) == pytest.approx(card.margin_change, rel=1e-5)
    assert float(told["3", "1"]["margin_change_abs"]) == pytest.approx(card.margin_change_abs, rel=1e-5)


def test_relevance_foretells_the_last_layer(network: Network, index: FolderIndex) -> None:
    layers = agreement(network, index, mute_one_by_one(network, index))
    assert [one.layer for one in layers] == [0, 1, 2, 3]
    assert layers[-1].per_picture > 0.8, "what follows is nearly linear"
    assert all(-1 <= one.per_picture <= 1 for one in layers)


def test_a_margin_is_between_the_classes_that_were_first() -> None:
    before = np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -5.0]], np.float32)
    after = np.array([[[5.0, 1.0, 2.0], [0.0, 0.0, 9.0]]], np.float32)
    np.testing.assert_allclose(margins(before, before), [1.0, 1.0])
    np.testing.assert_allclose(margins(after, before), [[-1.0, 0.0]])
    np.testing.assert_allclose(margins(np.array([[[2.0]], [[-3.0]]]), np.array([[-1.0]])), [[-2.0], [3.0]])


@pytest.mark.parametrize("fill", ["mean", "constant", "resample"])
def test_maps_of_the_folder_stand_for_muted_ones(
    fill: str, network: Network, index: FolderIndex, index_file: Path, drawn: Path
) -> None:
    rgb = read_image(drawn / "images" / index.pictures[0])
    means = FolderMeans.of(network, index)
    batch = network.input.prepare(rgb)[None]
    expected = np.mean(
        [muted_by_hooks(network, batch, KEYS, one)[0] for one in means.replacements(network, fill, {1, 3})], axis=0
    )
    for place in (index, index_file, str(index_file), means):
        np.testing.assert_allclose(muted_logits(network, rgb, KEYS, fill, index=place), expected, atol=1e-5)
    found = muting_effect(network, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, fill=fill))
    assert np.isfinite(found.mean_auc.change.value)


def test_mean_maps_are_those_of_the_pictures_and_kept(network: Network, index: FolderIndex, drawn: Path) -> None:
    from explorer.core.maps.activations import record

    rgbs = [read_image(drawn / "images" / name) for name in index.pictures]
    means = FolderMeans.of(network, index)
    assert means.pictures == 40
    expected = np.mean([record(network, rgb).maps[1] for rgb in rgbs], axis=0)
    np.testing.assert_allclose(means.maps[1], expected, atol=1e-5)
    kept = FolderMeans.of(network, index, on_step=lambda done, total: pytest.fail("computed again"))
    np.testing.assert_array_equal(kept.maps[3], means.maps[3])


def test_what_cannot_be_measured_is_said(network: Network, index: FolderIndex, tmp_path: Path) -> None:
    words = words_of(index)
    with pytest.raises(UserError, match="No filter"):
        muting_effect(network, index, words, [])
    with pytest.raises(UserError, match="no filter 9:9"):
        muting_effect(network, index, words, [FilterKey(9, 9)])
    with pytest.raises(UserError, match="takes two classes"):
        muting_effect(network, index.seen_from(tmp_path, ["benign"] * 40), words, KEYS)
    with pytest.raises(UserError, match="None of the index's pictures can be read"):
        muting_effect(network, index.seen_from(tmp_path), words, KEYS, options=QUICK)
    other = dataclasses.replace(network, classes=("a", "b"))
    with pytest.raises(UserError, match="another network"):
        muting_effect(other, index, words, KEYS, options=QUICK)


def test_effects_that_share_their_passes_are_the_same_and_read_each_picture_once(
    network: Network, index: FolderIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = [(FilterKey(3, 0),), (FilterKey(3, 4), FilterKey(1, 2)), (FilterKey(3, 0),)]
    options = EffectOptions(random_draws=30, random_pictures=20, draws=50)
    read: list[int] = []
    reading = folder_pass.seen

    def counted(pictures: Sequence[object], *how: object) -> object:
        read.append(len(pictures))
        return reading(pictures, *how)

    monkeypatch.setattr(folder_pass, "seen", counted)
    apart = [as_dict(muting_effect(network, index, words_of(index), keys, options=options)) for keys in sets]
    assert read == [40, 20] * 3
    read.clear()
    passes = SharedPasses(network, index, sets)
    together = [
        as_dict(muting_effect(network, index, words_of(index), keys, options=options, passes=passes)) for keys in sets
    ]
    assert read == [40, 20]
    for one, other in zip(apart, together, strict=True):
        assert differences(one, other) == []


def test_a_set_that_comes_twice_is_computed_once(
    network: Network, index: FolderIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    muted = KeptPass.muted

    def counted(self: KeptPass, sets: Sequence[Sequence[FilterKey]], replaced: object = None) -> np.ndarray:
        asked.append(len(sets))
        return muted(self, sets, replaced)

    monkeypatch.setattr(KeptPass, "muted", counted)
    keys = [FilterKey(3, 1), FilterKey(3, 2)]
    found = folder_pass.folder_logits(network, index, range(10), [keys, keys[:1], keys[::-1], keys])
    assert set(asked) == {2}
    for place in (2, 3):
        np.testing.assert_array_equal(found.after[place], found.after[0])
    assert not np.array_equal(found.after[0], found.after[1])


def test_another_class_may_be_measured_and_one_that_is_not_there_is_said(network: Network, index: FolderIndex) -> None:
    found = muting_effect(
        network, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, threshold=0.5, scored="benign")
    )
    usual = muting_effect(network, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, threshold=0.5))
    assert found.scored == "benign"
    assert found.sensitivity.before.value == pytest.approx(usual.specificity.before.value)
    with pytest.raises(UserError, match='no class "nevus"; its classes are benign, malignant'):
        muting_effect(network, index, words_of(index), KEYS, options=dataclasses.replace(QUICK, scored="nevus"))


def test_random_filters_on_too_few_pictures_are_no_percentile(network: Network, index: FolderIndex) -> None:
    few = dataclasses.replace(QUICK, random_draws=5, random_pictures=1)
    with pytest.raises(UserError, match="takes pictures of two classes: 1 are too few"):
        muting_effect(network, index, words_of(index), KEYS, options=few)
    assert np.isnan(percentile(float("nan"), [0.1, 0.2]))
