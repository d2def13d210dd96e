"""A small index with answers that a test chooses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.joined_file import _fill
from explorer.core.index.schema import (
    ANSWERS,
    BINS,
    FILTERS,
    QUANTILE_NAMES,
    QUANTILE_NAMES_INSIDE,
    Contents,
    NetworkFacts,
    Pictures,
)
from explorer.core.index.sealed_file import write_sealed
from explorer.core.index.silence import Silence


def write_index(
    path: Path,
    peaks: npt.NDArray[np.floating],
    *,
    filters: tuple[int, ...] | None = None,
    names: tuple[str, ...] | None = None,
    given: tuple[str, ...] | None = None,
    classes: tuple[str, ...] = ("benign", "malignant"),
    logits: npt.NDArray[np.floating] | None = None,
    embedding: npt.NDArray[np.floating] | None = None,
    trained_on: npt.NDArray[np.bool_] | None = None,
    asked: int | None = None,
    identity: str = "f" * 24,
    digests: tuple[str, ...] | None = None,
    independent: bool = False,
    lesions: tuple[str, ...] = (),
    **answers: npt.NDArray[np.floating],
) -> Path:
    """Write an index of filters with these peaks (F, N); what is not given is drawn or follows from them."""
    count, pictures = peaks.shape
    random = np.random.default_rng(0)
    layers = filters or (count,)
    rows = np.zeros(count, FILTERS)
    rows["layer"] = np.repeat(np.arange(len(layers)), layers)
    rows["filter"] = np.concatenate([np.arange(one) for one in layers])
    low, high = np.minimum(peaks.min(axis=1), 0), peaks.max(axis=1)
    relevance = answers.get("relevance", random.normal(size=peaks.shape))
    strength = np.abs(relevance).mean(axis=1)
    of_layer = np.array([strength[rows["layer"] == layer].sum() for layer in range(len(layers))])
    quantiles = np.linspace(0, 1, 6)[1:]
    for name, share in zip(QUANTILE_NAMES, quantiles, strict=True):
        rows[name] = low + share * (high - low)
    rows["lowest"], rows["highest"] = low, high
    inside = answers.get("inside", peaks)
    low, high = np.minimum(inside.min(axis=1), 0), inside.max(axis=1)
    for name, share in zip(QUANTILE_NAMES_INSIDE, quantiles, strict=True):
        rows[name] = low + share * (high - low)
    rows["highest_inside"] = high
    rows["silent_share"] = (peaks <= 0).mean(axis=1)
    silence = Silence(count)
    silence.add(inside)
    rows["silent_share_inside"], rows["silent"] = silence.share, silence.silent(np.zeros(count, bool))
    rows["peak"], rows["relevance"] = peaks.mean(axis=1), strength
    rows["ring_ratio"] = answers.get("ring", np.ones(peaks.shape)).mean(axis=1)
    rows["relevance_share"] = strength / of_layer[rows["layer"]]
    classes_of = given or tuple(classes[row % len(classes)] for row in range(pictures))
    contents = Contents(
        network=NetworkFacts(
            identity,
            "0" * 64,
            "made.safetensors",
            "made",
            classes,
            independent,
            tuple(f"conv{one}" for one in range(len(layers))),
            layers,
        ),
        pictures=Pictures(
            names or tuple(f"picture{row:04d}.png" for row in range(pictures)),
            digests or tuple(f"{row:064x}" for row in range(pictures)),
            np.full((pictures, 2), 224, np.int32),
            classes_of,
            np.zeros(pictures, bool) if trained_on is None else trained_on,
            lesions,
        ),
        filters=rows,
        counts=random.integers(0, 100, (count, BINS)),
        edges=_edges(rows["lowest"], rows["highest"]),
        asked=pictures if asked is None else asked,
        sample=min(200, pictures),
    )
    everything: dict[str, npt.NDArray[Any]] = {name: peaks for name in ANSWERS}
    area = np.clip(peaks, 0, 1)
    everything |= {"ring": np.ones(peaks.shape), "area": area, "area_inside": area, "relevance": relevance}
    everything["logits"] = random.normal(size=(pictures, len(classes))) if logits is None else logits
    everything["embedding"] = random.normal(size=(pictures, 8)) if embedding is None else embedding
    everything |= {"place": np.full((count, pictures, 2), 3), **answers}
    write_alone(path, contents, everything)
    return path


def _edges(lowest: npt.NDArray[np.float32], highest: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.linspace(lowest, np.maximum(highest, lowest + 1e-6), BINS + 1, axis=1).astype(np.float32)


def write_alone(path: Path, contents: Contents, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an index that holds its answers (F, N), "place" (F, N, 2), "logits" and "embedding" itself; UserError."""

    def hold(file: h5py.File) -> None:
        for name, values in columns.items():
            kind = ANSWERS[name][0] if name in ANSWERS else "uint16" if name == "place" else "float32"
            dataset_name = name if name in ("logits", "embedding") else f"answers/{name}"
            file.create_dataset(dataset_name, data=values.astype(kind))
        file.attrs["parts"] = "[]"

    write_sealed(path, lambda file: _fill(file, contents, hold))
