import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.cli import parser
from trainer.commands.common import recipe_of
from trainer.files.errors import UserError
from trainer.training.presets import PRESETS
from trainer.training.recipe import SETTINGS, Recipe, groups
from trainer.training.settings_file import read_settings, write_settings


def given_words(*words: str) -> Recipe:
    return recipe_of(parser().parse_args(["train", "--data", "c.h5", "--out", "run", *words]))


def test_the_paper_is_what_the_paper_says() -> None:
    paper = PRESETS["paper"].flat()
    said = {
        "size": 224,
        "crop": "random",
        "rotation": (0, 1),
        "brightness": (-0.5, 0.5),
        "contrast": (-0.7, 0.7),
        "hue": (-0.02, 0.02),
        "saturation": (0.7, 1.5),
        "epochs": 192,
        "batch": 96,
        "optimiser": "adam",
        "learning_rate": 1e-4,
        "betas": (0.9, 0.999),
        "architecture": "scratch_cnn",
        "schedule": "constant",
        "average": 0.0,
    }
    assert {name: paper[name] for name in said} == said
    assert paper["flip_horizontal"]
    assert paper["flip_vertical"]


def test_no_setting_has_two_homes() -> None:
    names = [part.name for fields in groups().values() for part in fields]
    assert len(names) == len(set(names)) == len(SETTINGS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_survives_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(write_settings(PRESETS[name]), encoding="utf-8")
    assert Recipe().with_settings(read_settings(path), "file") == PRESETS[name]
    assert list(tomllib.loads(path.read_text("utf-8"))) == list(asdict(PRESETS[name]))


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f")),
    st.floats(1e-12, 1e9),
    st.integers(1, 2**31),
    st.booleans(),
)
def test_any_value_survives_its_file(text: str, number: float, whole: int, yes: bool) -> None:
    recipe = Recipe().with_settings(
        {"weights": text, "learning_rate": number, "epochs": whole, "half": yes, "zoom": [number, number]}, "here"
    )
    assert (
        Recipe().with_settings(
            {name: value for group in tomllib.loads(write_settings(recipe)).values() for name, value in group.items()},
            "x",
        )
        == recipe
    )


def test_flags_override_the_file_and_the_file_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("batch = 7\nepochs = 3\n[augmentation]\nhue = [-0.01, 0.01]\n", encoding="utf-8")
    recipe = given_words("--recipe", "demo", "--settings", str(path), "--epochs", "5", "--brightness", "-0.5", "0.25")
    assert (recipe.learning.batch, recipe.learning.epochs) == (7, 5)
    assert recipe.augmentation.hue == (-0.01, 0.01)
    assert recipe.augmentation.brightness == (-0.5, 0.25)
    assert recipe.network == PRESETS["demo"].network


def test_every_setting_is_a_flag() -> None:
    known = parser().parse_args(
        ["train", "--data", "c", "--out", "r"]
        + [word for name, (_, kind) in SETTINGS.items() if kind is int for word in (f"--{name.replace('_', '-')}", "9")]
        + [f"--no-{name.replace('_', '-')}" for name, (_, kind) in SETTINGS.items() if kind is bool]
    )
    assert all(vars(known)[name] == 9 for name, (_, kind) in SETTINGS.items() if kind is int)
    assert not any(vars(known)[name] for name, (_, kind) in SETTINGS.items() if kind is bool)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "learning_rte = 0.1",
            'mine.toml has a setting "learning_rte" that is not known; the nearest is learning_rate',
        ),
        ("epochs = 1.5", "epochs is 1.5, but must be a whole number"),
        ("half = 1", "half is 1, but must be true or false"),
        ("hue = 0.1", "hue is 0.1; it takes 2 numbers"),
        ("hue = [-0.5, 0.5]", "hue reaches beyond a twelfth of a turn"),
        ("zoom = [2.0, 1.0]", "the first must be the smaller one"),
        ('imbalance = "median"', "imbalance is 'median'; choose none, weights, sampling"),
        ("epochs = 0", "epochs is 0, but must be over 0"),
        ("smoothing = 1.5", "smoothing is 1.5, not within 0 to 1"),
        ("weight_decay = -0.1", "weight_decay is -0.1, but must be 0 or more"),
        ("clip = -1.0", "clip is -1.0, but must be 0 or more"),
        ("mixup = -0.2", "mixup is -0.2, but must be 0 or more"),
        ("head_epochs = -1", "head_epochs is -1, but must be 0 or more"),
        ("patience = -1", "patience is -1, but must be 0 or more"),
        ("threshold_folds = -5", "threshold_folds is -5, but must be 0 or more"),
        ("keep_every = -1", "keep_every is -1, but must be 0 or more"),
        ("save_every = -1.0", "save_every is -1.0, but must be 0 or more"),
        ("bottleneck = -8", "bottleneck is -8, but must be 0 or more"),
        ("seed = -1", "seed is -1, but must be 0 or more"),
        ("depth_decay = 0.0", "depth_decay is 0.0, but must be over 0"),
        ("betas = [0.9, 1.0]", "betas is 1.0, not within 0 to 1"),
        ("betas = [-0.1, 0.9]", "betas is -0.1, not within 0 to 1"),
        ("fold = -2", "fold is -2, but must be -1 (the cohort's own parts) or more"),
        ("zoom = [inf, inf]", "zoom is inf, but must be a number"),
        ("save_every = inf", "save_every is inf, but must be a number"),
        ("learning_rate = nan", "learning_rate is nan, but must be a number"),
        ("learning_rate = 1e400", "learning_rate is inf, but must be a number"),
        ("epochs = ", "cannot be read as TOML"),
    ],
)
def test_mistakes_in_a_file_get_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        given_words("--settings", str(path))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value).rstrip()


def test_lenet_as_the_guide_has_it() -> None:
    guide = PRESETS["lenet-guide"].flat()
    assert (guide["architecture"], guide["optimiser"], guide["learning_rate"]) == ("lenet", "adam", 1e-5)
    assert guide["imbalance"] == "weights"
    assert guide["rotation"] == pytest.approx((-60 / 360, 60 / 360))
    assert guide["flip_horizontal"]
    assert guide["flip_vertical"]
    assert guide["mean"] != (0.0, 0.0, 0.0)
