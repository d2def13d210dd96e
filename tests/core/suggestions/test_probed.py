"""What probes change is told in the spread of a filter over the folder, and in nothing where it hardly varies."""

import json
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.index import build_index, open_index
from explorer.core.index.measuring import Measurer
from explorer.core.probes.answers import PROBES, in_spreads, probe, spreads_of
from explorer.core.suggestions import Suggestion, Suggestions, read_suggestions
from explorer.core.suggestions.aligning import narrow, scales_of, silent_anywhere, stacked
from explorer.core.suggestions.csv_file import write_suggestions
from explorer.core.suggestions.evidence import MOST_TIMES, _ratio
from explorer.core.suggestions.marking import _narrow
from explorer.core.suggestions.probed import changes_of, probed_of
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index
from tests.networks import open_small
from trainer.synthetic.picture import write_folder

PICTURES = 12
SPREADS = st.sampled_from([0.0, 1e-38, 1e-12, 3.6e-8, 1e-6, 1e-4, 1e-3, 0.02, 1.0, 50.0, 1e20])


@given(SPREADS, SPREADS, st.sampled_from([0.0, -0.05, 1.0, 3e38, np.inf, np.nan]), st.booleans(), st.integers(0, 99))
def test_no_spread_makes_a_number_infinite(peak: float, shown: float, level: float, silent: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    peaks = (level + np.clip(peak * random.normal(size=(1, 50)), -1e37, 1e37)).astype(np.float32)
    means = np.clip(shown * random.random((50, 1)), 0, 1).astype(np.float32)
    spread = spreads_of(peaks, means, np.array([silent]))
    far = np.array([[3e38, 1]], np.float32)
    records = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(PICTURES):
            change = in_spreads(far * random.choice([-1, 1]), far * 0, spread)
            change = np.repeat(change[:, None], len(PROBES), axis=1)
            records.append(
                narrow({"changed": change, "control": in_spreads(far * 1e-3, far, spread)[:, None] + 0 * change})
            )
    probes = stacked(records)
    assert not np.isinf(probes["changed"]).any()
    (sentence,) = changes_of(probes, 1)
    assert "inf" not in sentence
    assert "nan" not in sentence
    if silent or not (np.ptp(means) or (np.isfinite(level) and np.ptp(peaks))):
        assert sentence == ""
    for probed in probed_of(probes).values():
        assert all(np.isfinite(getattr(probed, name)).all() for name in ("rise", "p", "raised", "control", "more"))


def test_a_filter_that_is_never_shown_has_no_change_in_what_is_shown_of_it() -> None:
    """Of 300 pictures it is shown in one cell of one: its spread is 4e-8, and any answer more would be a million."""
    shown = np.zeros((300, 1), np.float32)
    shown[7] = 6e-7
    peaks = np.random.default_rng(0).normal(-0.03, 0.011, (1, 300)).astype(np.float32)
    spread = spreads_of(peaks, shown, np.array([False]))
    change = in_spreads(np.array([[-0.0135, 0.01]], np.float32), np.array([[-0.03, 0.0]], np.float32), spread)

    assert np.isnan(change[0, 1])
    assert change[0, 0] == pytest.approx(0.0165 / peaks.std(), rel=1e-4)


def test_changes_leave_out_what_has_no_spread() -> None:
    changed = np.full((4, 2, len(PROBES), 2), np.nan, np.float32)
    changed[:, 0, PROBES.index("blurred"), 0] = -0.5

    assert changes_of({"changed": changed}, 2) == ["blurred -0.5", ""]


def test_what_is_kept_in_half_precision_is_never_infinite() -> None:
    values = np.array([1e5, -3e38, np.inf, np.nan, 0.5], np.float32)
    largest = np.finfo(np.float16).max
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kept in (narrow({"changed": values})["changed"], _narrow(values)):
            assert kept.dtype == np.float16
            np.testing.assert_array_equal(kept, np.array([largest, -largest, largest, np.nan, 0.5], np.float16))


def test_a_silent_filter_of_a_network_is_changed_by_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path / "drawn", 6, size=64)
    network = open_small(tmp_path)
    build_index(network, tmp_path / "drawn" / "images", tmp_path / "index.h5")
    with open_index(tmp_path / "index.h5") as index:
        rows = index.filters()
        peaks = index.rows_answers(slice(0, len(rows)), "inside")
        silent = np.arange(len(rows)) == 3
        spread = spreads_of(peaks, np.tile(np.linspace(0, 1, 6)[:, None], len(rows)), silent)
        scale = scales_of(index)
    rgb = np.random.default_rng(0).integers(0, 255, (*network.input.size, 3), np.uint8)
    effects = probe(Measurer(network), network, rgb, {}, scale, spread, 0)
    assert np.isnan(effects["changed"][3]).all()
    assert np.isfinite(effects["changed"][0][PROBES.index("blurred")]).all()


def test_suggestions_measure_whole_maps_and_their_edges(tmp_path: Path) -> None:
    """What answers along the picture's edge is told from that, whatever the scale on which a person sees the filter."""
    inside = np.array([np.linspace(0, 1, 9), np.linspace(-2, -1, 9), np.linspace(-2, -1, 9)])
    peaks = inside + np.array([[5], [5], [0]])
    with open_index(write_index(tmp_path / "i.h5", peaks, inside=inside)) as index:
        rows, (foot, peak) = index.filters(), scales_of(index)
        assert (foot == np.maximum(rows["median"], 0)).all()
        assert (peak == np.maximum(rows["q995"], 0)).all()
        assert silent_anywhere(rows).tolist() == [False, False, True]
        assert rows["silent"].tolist() == [False, True, True]
        assert index.scale(FilterKey(0, 0)).peak < peak[0]


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 2**-99, width=32)), min_size=1, max_size=9))
def test_how_many_times_more_is_a_number_or_unknown(answers: list[tuple[float, float]]) -> None:
    on, off = (np.array([pair[side] for pair in answers], np.float32)[:, None] for side in (0, 1))
    (times,) = _ratio(on, off)
    assert np.isnan(times) or 0 < times <= MOST_TIMES


def test_an_infinite_number_is_neither_written_nor_read(tmp_path: Path) -> None:
    infinite = Suggestion(FilterKey(0, 0), "artifact", "edge", float("inf"), "", times=float("inf"), high=float("inf"))
    path = tmp_path / "s.csv"
    write_suggestions(path, Suggestions((infinite,)))
    assert "inf" not in path.read_text().splitlines()[1]
    path.write_text(path.read_text().replace("artifact,edge,,", "artifact,edge,inf,"))
    (row,) = read_suggestions(path).rows
    assert "Infinity" not in json.dumps(
        {name: value for name, value in asdict(row).items() if value == value and name != "key"}
    )
