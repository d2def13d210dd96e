"""What a report's table says of a network, in words for a person: one line each."""

import json
import math
from collections.abc import Mapping
from typing import Any

from explorer.core.muted_in_file import MUTED, meaning_of
from trainer.measures.percent import percent
from trainer.measures.spoken import within
from trainer.networks.input_spec import InputSpec

TRAINING = {
    "meaning": "what its classes mean",
    "auc_validation": "AUC on its validation part",
    "auc_test": "AUC on its test part",
    "auc_test_of": "what that AUC is of",
    "chosen_epoch": "epoch that was kept",
    "seed": "seed of the training",
    "device": "trained on",
    "seconds": "time of the training",
    "cohort": "pictures of the training",
    "recipe": "recipe of the training",
    "seeds": "trainings by seed",
    "threshold": "threshold that it keeps",
    "arithmetic": "arithmetic of the training",
    "versions": "trained with",
}
"""What `feature-trainer` writes into a network, and what it is called here, in this order."""
LEFT_OUT = ("seen", "epochs", MUTED)
"""Of a network's training: long lists, and what is said elsewhere."""
LONGEST = 20_000
"""Characters of JSON up to which a part of it is told."""


def training_told(training: Mapping[str, Any]) -> dict[str, Any]:
    """What a network's file says of its training, without what would fill pages: digests, epochs, very long tables."""
    told = {name: _json(value) for name, value in training.items() if name not in LEFT_OUT}
    return {name: value for name, value in told.items() if len(json.dumps(value)) <= LONGEST}


def network_rows(network: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of the facts about a network; what its file says beyond `TRAINING` is one line at the end."""
    layers, training = network["layers"], dict(network["training"])
    if "meaning" in training:
        training["meaning"] = meaning_of(training)
    filters = sum(layer["filters"] for layer in layers)
    rows = [
        ("weights, SHA-256", network["digest"]),
        ("weights, architecture, input and classes in short", network["identity"]),
        ("architecture", network["architecture"]),
        ("classes", ", ".join(network["classes"]) or "none: it gives no class scores"),
        *input_rows(network["input"]),
        ("convolutions", f"{len(layers):,} with {filters:,} filters"),
        ("licence", network["licence"] or "not said"),
    ]
    interval = training.pop("auc_test_interval", None) if "auc_test" in training else None
    for name, title in TRAINING.items():
        if name in training:
            words = _value(name, training.pop(name))
            if name == "auc_test" and isinstance(interval, list):
                words += f" {within(interval[0], interval[1], 4)} (95 %)"
            rows.append((title, words))
    if training:
        extras = (f"{_words(name)}: {_value(name, value)}" for name, value in sorted(training.items()))
        rows.append(("its file also says", "; ".join(extras)))
    return rows


def input_rows(input: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the network gets of a picture: (what, value), from what `InputSpec.to_dict` gave."""
    spec = InputSpec.from_dict(dict(input))
    (tall, wide), color = spec.size, "colors" if spec.channels == 3 else "grey"
    if spec.resize == "squash" and spec.resized(1, 1) == spec.size:
        cut = "the whole picture, resized without regard to its proportions"
    elif spec.resize == "squash":
        cut = "the middle of the picture, which is resized to {} x {} without regard to its proportions".format(
            *spec.resized(1, 1)
        )
    else:
        cut = f"the middle of the picture, whose shorter side is resized to {spec.resize_to}"
    rows = [("input", f"{tall} x {wide} pixels in {color}"), ("what it sees", cut)]
    if any(spec.mean) or any(deviation != 1 for deviation in spec.std):
        mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (spec.mean, spec.std))
        rows.append(("its values", f"from 0 to 1, less {mean}, divided by {std}"))
    else:
        rows.append(("its values", "from 0 to 1"))
    if spec.preprocesses:
        rows.append(("before that", ", ".join(_preprocessed(spec))))
    return rows


def _preprocessed(spec: InputSpec) -> list[str]:
    done = []
    if spec.fill_corners:
        done.append("dark corners filled with the skin's color")
    if spec.illumination:
        done.append(f"uneven light evened out by {percent(spec.illumination)}")
    if spec.color_constancy:
        done.append(f"color cast taken out (Minkowski norm {spec.color_constancy:g})")
    if spec.gamma != 1:
        done.append(f"gamma {spec.gamma:g}")
    return done


def _json(value: Any) -> Any:
    """A value in which what is no number (NaN, infinite) is None."""
    if isinstance(value, Mapping):
        return {str(name): _json(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_json(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _value(name: str, value: Any) -> str:
    if name == "seconds" and isinstance(value, int | float):
        return f"{value / 60:,.0f} min" if value >= 90 else f"{value:.0f} s"
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(part)} {_nested(entry)}".rstrip() for part, entry in value.items())
    return _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({', '.join(f'{_words(part)} {_nested(entry)}'.rstrip() for part, entry in value.items())})"
    if isinstance(value, list):
        return ", ".join(map(_nested, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _words(name: str) -> str:
    return str(name).replace("_", " ")
