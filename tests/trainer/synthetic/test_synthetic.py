"""Drawn pictures: the same for the same seed, masks that say where each concept is, folders to train on."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.morphology import isotropic_dilation

import resources
from trainer.files.errors import UserError
from trainer.synthetic.artifacts import ARTIFACTS, COVERING
from trainer.synthetic.demo import CLASSES, RECIPES, SIZE, demo_pictures
from trainer.synthetic.lesion import BORDER
from trainer.synthetic.picture import CONCEPTS, LABELS, OPTIONAL, draw, usual_concepts, write_folder

DEMO = Path(resources.__file__).parent / "demo" / "pictures"

seeds = st.integers(0, 2**53)

# How far from its mask an artifact still changes pixels, as a fraction of the side: its shadow.
SHADOW = {"hair": 0.030, "patch": 0.026}


@pytest.fixture(scope="module")
def demo():
    return demo_pictures()


def read(path, mode="RGB"):
    with Image.open(path) as image:
        return np.asarray(image.convert(mode))


def rows_of(folder):
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@given(seeds)
@settings(max_examples=5)
def test_the_same_seed_draws_the_same_bytes(seed):
    first = draw(seed, size=96)
    np.random.seed(0)  # nothing but the argument may matter
    second = draw(seed, size=96)
    assert first.rgb.tobytes() == second.rgb.tobytes()
    assert (first.label, first.skin) == (second.label, second.skin)
    assert all((first.masks[name] == second.masks[name]).all() for name in CONCEPTS)


def test_other_seeds_draw_other_pictures():
    assert len({draw(seed, size=64).rgb.tobytes() for seed in range(10)}) == 10


@given(seeds, st.sampled_from([32, 97, 224]), st.sampled_from([None, "benign", "malignant"]))
@settings(max_examples=8)
def test_a_picture_has_the_size_asked_for_and_a_mask_for_every_concept(seed, size, label):
    picture = draw(seed, size=size, label=label)
    assert picture.rgb.shape == (size, size, 3)
    assert picture.rgb.dtype == np.uint8
    assert tuple(picture.masks) == CONCEPTS
    assert all(mask.shape == (size, size) and mask.dtype == np.bool_ for mask in picture.masks.values())
    assert picture.label == label if label else picture.label in LABELS
    assert 1 <= picture.skin <= 6
    assert {"lesion", "border", "skin"} <= picture.concepts


def test_the_composition_does_not_depend_on_the_size():
    for seed in range(4):
        small, large = (draw(seed, size=size, concepts=frozenset()).masks["lesion"] for size in (100, 300))
        reduced = large.reshape(100, 3, 100, 3).mean(axis=(1, 3)) > 0.5
        assert (small & reduced).sum() / (small | reduced).sum() > 0.9


def test_nothing_is_drawn_that_was_not_asked_for():
    for name in OPTIONAL:
        picture = draw(3, size=150, label="malignant", concepts=frozenset({name}))
        assert picture.concepts == {"lesion", "border", "skin", name}


@pytest.mark.parametrize("name", list(ARTIFACTS))
def test_an_artifact_changes_the_picture_where_its_mask_says_and_nowhere_else(name):
    for seed in range(3):
        without, with_it = (draw(seed, size=200, concepts=frozenset(wanted)) for wanted in ((), (name,)))
        mask = with_it.masks[name]
        changed = (without.rgb != with_it.rgb).any(axis=2)
        reach = isotropic_dilation(mask, max(1.5, SHADOW.get(name, 0) * 200))
        if name == "corner":  # a dermatoscope's light falls off towards its frame
            down, across = np.mgrid[:200, :200] - 99.5
            reach |= np.hypot(down, across) > 0.28 * 200
        assert not (changed & ~reach).any()
        assert changed[mask].mean() > 0.9
        hidden = mask if name in COVERING else np.zeros_like(mask)
        assert (with_it.masks["lesion"] == without.masks["lesion"] & ~hidden).all()
        assert (with_it.masks["skin"] == without.masks["skin"] & ~mask).all()


@given(seeds, st.sampled_from(LABELS), st.integers(1, 6))
@settings(max_examples=25)
def test_a_lesion_is_darker_than_skin_and_its_dark_regions_darker_still(seed, label, skin):
    picture = draw(seed, size=128, label=label, skin=skin, concepts=frozenset({"dark"}))
    grey, masks = picture.rgb.mean(axis=2), picture.masks
    assert grey[masks["lesion"]].mean() < 0.95 * grey[masks["skin"]].mean()
    assert masks["dark"].any()
    assert not (masks["dark"] & ~masks["lesion"]).any()
    assert grey[masks["dark"]].mean() < grey[masks["lesion"] & ~masks["dark"]].mean()


def test_darker_skin_types_are_drawn_darker():
    for seed in range(3):
        plain = [draw(seed, size=96, skin=skin, concepts=frozenset()) for skin in range(1, 7)]
        tones = [picture.rgb[picture.masks["skin"]].mean() for picture in plain]
        assert tones == sorted(tones, reverse=True)


def test_the_border_is_the_ring_around_the_outline():
    for seed in range(3):
        masks = draw(seed, size=200, concepts=frozenset()).masks
        inside, outside = (isotropic_dilation(side, BORDER * 200) for side in (masks["lesion"], ~masks["lesion"]))
        assert (masks["border"] == (inside & outside)).all()


def test_what_lies_behind_dark_corners_or_a_patch_is_in_no_other_mask():
    for seed in range(4):
        masks = draw(seed, size=150, label="malignant", concepts=frozenset(OPTIONAL)).masks
        shown = [mask for name, mask in masks.items() if name != "corner"]
        assert not (masks["corner"] & np.any(shown, axis=0)).any()
        assert not (masks["patch"] & (masks["lesion"] | masks["hair"] | masks["ink"])).any()
        assert not (masks["skin"] & np.any([masks[name] for name in ("lesion", *ARTIFACTS)], axis=0)).any()


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_concept_that_is_asked_for_can_be_seen_even_behind_dark_corners(name):
    for seed in range(12):
        assert draw(seed, size=150, concepts=frozenset({name, "corner"})).masks[name].sum() >= 5


def test_the_label_shapes_the_lesion_only():
    for seed in range(4):
        benign, malignant = (draw(seed, size=200, label=label, concepts=frozenset(ARTIFACTS)) for label in LABELS)
        assert benign.skin == malignant.skin
        for name in ARTIFACTS:
            assert (benign.masks[name] == malignant.masks[name]).all()
        lesions = benign.masks["lesion"] | malignant.masks["lesion"]
        far = ~isotropic_dilation(lesions, 0.17 * 200)
        assert far.any()
        assert (benign.rgb[far] == malignant.rgb[far]).all()
        assert (benign.rgb != malignant.rgb).any()


def test_malignant_lesions_are_larger_and_less_regular():
    def area_and_outline(label):
        lesions = [draw(seed, size=128, label=label, concepts=frozenset()).masks for seed in range(15)]
        areas = np.array([masks["lesion"].mean() for masks in lesions])
        rings = np.array([masks["border"].mean() for masks in lesions])
        return areas.mean(), (rings / np.sqrt(areas)).mean()

    assert np.all(np.array(area_and_outline("malignant")) > np.array([1.5, 1.03]) * area_and_outline("benign"))


def test_artifacts_come_by_chance_whatever_the_label():
    for seed in range(50):
        assert usual_concepts(seed, "benign") - {"dark"} == usual_concepts(seed, "malignant") - {"dark"}
    shares = [sum(name in usual_concepts(seed, "benign") for seed in range(300)) / 300 for name in ARTIFACTS]
    assert min(shares) > 0.01
    assert max(shares) < 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"size": 8},
        {"label": "nv"},
        {"skin": 0},
        {"skin": 7},
        {"concepts": frozenset({"hairs"})},
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_a_sentence(wrong):
    with pytest.raises(UserError, match=r"\w+ .*\."):
        draw(**{"seed": 0} | wrong)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "new" / "set"
    steps = []
    write_folder(out, 25, 7, malignant=0.4, size=64, planted=("ruler", 0.8), on_step=lambda *step: steps.append(step))
    assert steps == [(done, 25) for done in range(1, 26)]
    assert [path.name for path in out.parent.iterdir()] == ["set"]
    return out


def test_a_folder_has_the_shares_that_were_asked_for(folder):
    rows = rows_of(folder)
    rulers = {label: [row["ruler"] for row in rows if row["label"] == label] for label in LABELS}
    assert rulers["benign"] == ["0"] * 15
    assert sorted(rulers["malignant"]) == ["0"] * 2 + ["1"] * 8
    assert {label: sum(row["split"] == "test" for row in rows if row["label"] == label) for label in LABELS} == {
        "benign": 3,
        "malignant": 2,
    }
    assert len({row["group"] for row in rows}) == 25


def test_a_folder_holds_every_picture_and_mask_that_its_labels_name(folder):
    rows = rows_of(folder)
    assert list(rows[0]) == ["image", "label", "split", "group", *CONCEPTS]
    assert sorted(path.relative_to(folder).as_posix() for path in folder.glob("images/*/*")) == sorted(
        row["image"] for row in rows
    )
    for number, row in enumerate(rows, start=1):
        assert row["image"] == f"images/{row['label']}/drawn_{number:05d}.jpg"
        assert read(folder / row["image"]).shape == (64, 64, 3)
        for concept in CONCEPTS:
            mask = read(folder / "masks" / concept / f"drawn_{number:05d}.png", "1")
            assert mask.shape == (64, 64)
            assert mask.any() == (row[concept] == "1")


def test_the_same_seed_writes_the_same_folder_and_another_seed_another(folder, tmp_path):
    for seed in (7, 8):
        write_folder(tmp_path / str(seed), 25, seed, malignant=0.4, size=64, planted=("ruler", 0.8))
    same, other = ((tmp_path / str(seed) / "labels.csv").read_bytes() for seed in (7, 8))
    assert same == (folder / "labels.csv").read_bytes() != other
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "7" / path.relative_to(folder)).read_bytes()


def test_planting_changes_nothing_but_the_planted_artifact(folder, tmp_path):
    write_folder(tmp_path / "free", 25, 7, malignant=0.4, size=64)
    for planted, free in zip(rows_of(folder), rows_of(tmp_path / "free"), strict=True):
        if planted["ruler"] == free["ruler"]:
            assert (folder / planted["image"]).read_bytes() == (tmp_path / "free" / free["image"]).read_bytes()
        else:
            assert (planted["label"], planted["hair"], planted["dark"]) == (
                free["label"],
                free["hair"],
                free["dark"],
            )


def test_a_folder_that_was_not_finished_is_not_there(tmp_path):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "set", 5, size=32, on_step=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"count": 0}, "at least 1 picture, not 0"),
        ({"malignant": 1.2}, "share of pictures goes from 0 to 1"),
        ({"planted": ("ruler", -0.1)}, "share of pictures goes from 0 to 1"),
        ({"planted": ("lesion", 0.5)}, 'not "lesion"; there are ink'),
    ],
)
def test_a_folder_that_makes_no_sense_is_refused(tmp_path, wrong, says):
    with pytest.raises(UserError, match=says):
        write_folder(tmp_path / "set", **{"count": 2, "size": 32} | wrong)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_there_are_never_overwritten(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("keep me", encoding="utf-8")
    for out in (tmp_path, note):
        with pytest.raises(UserError, match=out.name):
            write_folder(out, 1, size=32)
    assert note.read_text(encoding="utf-8") == "keep me"
    empty = tmp_path / "empty"
    empty.mkdir()
    write_folder(empty, 1, size=32)
    assert len(rows_of(empty)) == 1


def test_the_demo_shows_every_concept_and_all_skin_types_on_both_labels(demo):
    assert len(demo) == len(RECIPES) == 24
    assert {picture.skin for picture in demo} == set(range(1, 7))
    for name in CONCEPTS:
        labels = [picture.label for picture in demo if picture.masks[name].any()]
        assert set(labels) == set(LABELS), name
    for picture, (_, label, skin, concepts) in zip(demo, RECIPES, strict=True):
        assert (picture.label, picture.skin) == (label, skin)
        assert picture.concepts == {"lesion", "border", "skin", *concepts.split()}


def test_the_shipped_demo_pictures_are_what_the_call_draws(demo):
    names = [f"drawn_{number:02d}.jpg" for number in range(1, 25)]
    assert sorted(path.name for path in DEMO.iterdir()) == [*names, "labels.csv"]
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 1_200_000
    assert [(row["image"], row["label"]) for row in rows_of(DEMO)] == [
        (name, CLASSES[picture.label]) for name, picture in zip(names, demo, strict=True)
    ]
    for name, picture in zip(names, demo, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(picture.rgb).save(buffer, "JPEG", quality=90)
        shipped, drawn = read(DEMO / name).astype(float), read(buffer)
        assert shipped.shape == (SIZE, SIZE, 3)
        # Another libjpeg or a last bit of exp() may differ; another picture differs by 10 and more.
        assert np.abs(shipped - drawn).mean() < 1, name
