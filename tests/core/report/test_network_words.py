"""What a report's table says of a network is words for a person, one line each."""

import json
from dataclasses import replace

import pytest

from explorer.core.report.network_words import input_rows, network_rows, training_told
from trainer.networks.input_spec import InputSpec

FACTS = {
    "name": "n.safetensors",
    "digest": "d" * 64,
    "identity": "f" * 24,
    "architecture": "scratch_cnn",
    "classes": ["melanoma", "other"],
    "input": InputSpec((224, 224), "shortest", 224).to_dict(),
    "licence": "",
    "decided": [],
    "layers": [{"layer": 0, "name": "a", "filters": 8}, {"layer": 1, "name": "b", "filters": 16}],
    "training": {
        "auc_test": 0.87773,
        "auc_test_interval": [0.84, 0.91],
        "seconds": 846.8,
        "chosen_epoch": 36,
        "my_own_key": True,
        "seed": 2,
    },
}


def test_recipe_pictures_versions_and_seeds_of_the_training_are_told() -> None:
    training = {
        "recipe": {"size": 224, "flip_horizontal": True, "mean": [0.0, 0.5], "rates": {"body": 0.001}},
        "cohort": {"source": "HAM", "pictures": {"train": 3, "test": 1}},
        "versions": {"torch": "2.15"},
        "seeds": {"0": {"auc_test": 0.85864, "loss": float("nan")}},
        "seen": ["0" * 12] * 9,
        "epochs": [{"loss": 1.0}],
    }
    told = training_told(training)
    assert set(told) == {"recipe", "cohort", "versions", "seeds"}
    json.dumps(told, allow_nan=False)
    rows = dict(network_rows({**FACTS, "training": told}))
    assert rows["recipe of the training"] == "size 224; flip horizontal yes; mean 0, 0.5; rates (body 0.001)"
    assert rows["pictures of the training"] == "source HAM; pictures (train 3, test 1)"
    assert rows["trained with"] == "torch 2.15"
    assert rows["trainings by seed"] == "0 (auc test 0.8586, loss)"


def test_known_names_are_words_and_others_stand_in_one_line() -> None:
    rows = dict(network_rows(FACTS))
    assert rows["convolutions"] == "2 with 24 filters"
    assert rows["AUC on its test part"] == "0.8777 [0.8400, 0.9100] (95 %)"
    assert rows["time of the training"] == "14 min"
    assert rows["epoch that was kept"] == "36"
    assert rows["its file also says"] == "my own key: yes"
    assert rows["licence"] == "not said"
    assert not any("_" in name or "{" in name + value for name, value in rows.items() if name != "architecture")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (InputSpec((224, 224), "shortest", 256), "the middle of the picture, whose shorter side is resized to 256"),
        (InputSpec((64, 64), "squash", 64), "the whole picture, resized without regard to its proportions"),
        (InputSpec((64, 64), "squash", 72), "which is resized to 72 x 72 without regard"),
    ],
)
def test_what_it_sees_of_a_picture_is_said(spec: InputSpec, said: str) -> None:
    assert said in dict(input_rows(spec.to_dict()))["what it sees"]


def test_values_and_preprocessing_are_said_where_there_are_any() -> None:
    plain = InputSpec((64, 64), "squash", 64)
    rows = dict(input_rows(plain.to_dict()))
    assert (rows["input"], rows["its values"]) == ("64 x 64 pixels in colors", "from 0 to 1")
    assert "before that" not in rows
    other = replace(plain, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2), color_constancy=6.0, gamma=1.5, fill_corners=True)
    rows = dict(input_rows(other.to_dict()))
    assert rows["its values"] == "from 0 to 1, less 0.5, 0.4, 0.3, divided by 0.2, 0.2, 0.2"
    assert rows["before that"] == (
        "dark corners filled with the skin's color, color cast taken out (Minkowski norm 6), gamma 1.5"
    )
