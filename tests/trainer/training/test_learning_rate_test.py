import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.runs import CPU, cohort_in, small
from trainer.cli import main
from trainer.files.errors import UserError
from trainer.training.learning_rate_test import rate_test, summary


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
    assert "falls fastest at a learning rate of" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "rates").iterdir()} == {"rates.svg", "rates.png", "rates.json"}
    numbers = json.loads((tmp_path / "rates" / "rates.json").read_text())
    assert len(numbers["rates"]) == len(numbers["losses"]) == 12
    assert numbers["rates"][0] < numbers["suggested"] <= numbers["rates"][-1]
    assert 10 * numbers["tenth_of_least"] in [pytest.approx(rate) for rate in numbers["rates"]]
