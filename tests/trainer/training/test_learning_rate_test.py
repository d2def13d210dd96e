import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.trainer.runs import CPU, cohort_in, small
from trainer.cli import main
from trainer.files.errors import UserError
from trainer.training.learning_rate_test import rate_test, summary, write_rates
from trainer.training.loss import chance_level


def test_the_suggestion_is_where_the_loss_falls_fastest() -> None:
    rates = np.geomspace(1e-6, 10, 400)
    places = np.log10(rates)
    losses = 1 / (1 + np.exp(8 * (places + 3))) + np.exp(3 * (places - 0.5))
    found = summary(rates.tolist(), losses.tolist())
    assert abs(math.log10(found.suggested) + 3) < 0.1


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("steps", [100, 300])
def test_noise_and_a_restless_start_do_not_lead_it_away(seed: int, steps: int) -> None:
    rates = np.geomspace(1e-6, 1, steps)
    places = np.log10(rates)
    losses = 0.25 + 0.45 / (1 + np.exp(6 * (places + 3))) + np.exp(4 * (places + 0.7))
    losses[: steps // 20] += 0.5 * np.exp(-np.arange(steps // 20))  # what was just drawn falls fast by itself
    losses += 0.1 * np.random.default_rng(seed).standard_normal(steps)
    found = summary(rates.tolist(), losses.tolist())
    assert abs(math.log10(found.suggested) + 3) < 0.6
    assert abs(math.log10(found.tenth_of_least) + 3.1) < 0.6


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("steps", [100, 300])
@pytest.mark.parametrize(("height", "lasts"), [(0.0, 0.1), (0.5, 0.1), (1.0, 0.15), (2.0, 0.1), (4.0, 0.2)])
@pytest.mark.parametrize("chance", [0.7, math.inf])
def test_no_restless_start_is_taken_for_learning(
    seed: int, steps: int, height: float, lasts: float, chance: float
) -> None:
    """Even one that lasts longer than what is left out: told what chance gives, it is seen through, else doubted."""
    rates = np.geomspace(1e-6, 1, steps)
    places = np.log10(rates)
    losses = 0.25 + 0.45 / (1 + np.exp(6 * (places + 3))) + np.exp(4 * (places + 0.7))
    losses += height * np.exp(-np.arange(steps) / (lasts * steps))
    losses += 0.1 * np.random.default_rng(seed).standard_normal(steps)
    found = summary(rates.tolist(), losses.tolist(), chance)
    assert found.doubt or abs(math.log10(found.suggested) + 3) < 0.6
    assert found.doubt or abs(math.log10(found.tenth_of_least) + 3.1) < 0.6
    if chance < 1 and height * lasts < 0.5:
        assert not found.doubt


def test_a_loss_that_ends_lost_moves_no_rate() -> None:
    """One step that diverges stands at the end of most tests; its size must say nothing."""
    rates = np.geomspace(1e-6, 1e-2, 100)
    losses = 0.7 - 0.3 / (1 + np.exp(-4 * (np.log10(rates) + 4)))
    losses += 0.02 * np.random.default_rng(0).standard_normal(100)
    found = [summary(rates.tolist(), [*losses[:-1].tolist(), last], 0.7) for last in (1.1, 3.0, 1e6)]
    assert len({each.tenth_of_least for each in found}) == 1
    assert found[0].tenth_of_least > 1e-4


def test_noise_alone_gives_no_rate() -> None:
    rates = np.geomspace(1e-6, 1, 100)
    believed = []
    for seed in range(100):
        losses = 0.7 + 0.1 * np.random.default_rng(seed).standard_normal(100) + np.exp(4 * (np.log10(rates) + 0.7))
        believed.append(not summary(rates.tolist(), losses.tolist(), 0.7).doubt)
    assert sum(believed) <= 2


@pytest.mark.parametrize(
    ("middle", "height", "said"),
    [
        (-3.0, 0.9, "stays over 0.30, which a network has that knows nothing"),
        (-6.2, 0.0, "falls fastest where the test begins"),
        (0.5, 0.0, "still falls where the test ends"),
    ],
)
def test_what_cannot_be_read_off_is_said(middle: float, height: float, said: str) -> None:
    rates = np.geomspace(1e-6, 1, 200)
    losses = height + 0.2 + 0.4 / (1 + np.exp(4 * (np.log10(rates) - middle)))
    losses += 0.001 * np.random.default_rng(0).standard_normal(200)
    assert said in summary(rates.tolist(), losses.tolist(), 0.3 if height else math.inf).doubt


def test_rules_that_lie_far_apart_are_said_to() -> None:
    rates = np.geomspace(1e-6, 1, 200)
    places = np.log10(rates)
    losses = 1 - 0.6 / (1 + np.exp(-6 * (places + 4.5))) - 0.02 * (places + 6)
    losses += np.exp(8 * (places + 0.4))
    assert "the two usual rules differ" in summary(rates.tolist(), losses.tolist()).doubt


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"imbalance": "sampling"}, math.log(2)),
        ({"imbalance": "none"}, -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))),
        ({"imbalance": "weights"}, math.log(2)),
        ({"imbalance": "sampling", "loss": "bce"}, math.log(2)),
        ({"imbalance": "none", "smoothing": 0.2}, -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))),
    ],
)
def test_the_chance_level_is_the_entropy_of_the_classes(settings: dict[str, object], expected: float) -> None:
    assert chance_level(small(**settings), np.array([10, 30])) == pytest.approx(expected, abs=1e-4)


def test_the_plot_hides_no_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The legend stands outside, and one step that diverges does not flatten the others."""
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_args, **_how: drawn.append(figure))
    rates = np.geomspace(1e-6, 1, 50).tolist()
    write_rates(tmp_path, summary(rates, [*np.linspace(0.7, 0.3, 49).tolist(), 40.0], 0.7))
    axes = drawn[0].axes[0]
    assert axes.get_legend() is None
    assert len(drawn[0].legends) == 1
    assert 0.7 < axes.get_ylim()[1] < 5


def test_the_rates_grow_until_the_loss_is_lost(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    found = rate_test(cohort, small(optimiser="sgd"), CPU, 1e-5, 1e3, 60)
    assert len(found.rates) < 60
    ratios = [later / earlier for earlier, later in pairwise(found.rates)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert found.rates[0] < found.suggested <= 10.001 * found.tenth_of_least <= 1.001 * found.rates[-1]
    with pytest.raises(UserError, match="--lowest"):
        rate_test(cohort, small(), CPU, 1.0, 0.1)


def test_a_person_gets_a_plot_and_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = cohort_in(tmp_path)
    words = ["rates", "--data", str(cohort.path), "--out", str(tmp_path / "rates"), "--recipe", "lenet"]
    words += ["--size", "32", "--resize-to", "0", "--batch", "8", "--steps", "12", "--highest", "0.001"]
    assert main([*words, "--device", "cpu"]) == 0
    assert "rates.svg: no learning rate can be suggested: the loss " in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "rates").iterdir()} == {"rates.svg", "rates.png", "rates.json"}
    numbers = json.loads((tmp_path / "rates" / "rates.json").read_text())
    assert numbers["doubt"]
    assert len(numbers["rates"]) == len(numbers["losses"]) == 12
    assert numbers["rates"][0] < numbers["suggested"] <= numbers["rates"][-1]
    assert 10 * numbers["tenth_of_least"] in [pytest.approx(rate) for rate in numbers["rates"]]
