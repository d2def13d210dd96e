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
    assert -3.3 < math.log10(found.suggested) < -2.4  # smoothing lags a little


def test_the_rates_grow_until_the_loss_is_lost(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    found = rate_test(cohort, small(optimiser="sgd"), CPU, 1e-5, 1e3, 60)
    assert len(found.rates) < 60
    ratios = [later / earlier for earlier, later in pairwise(found.rates)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert found.rates[0] <= found.suggested <= found.rates[int(np.argmin(found.smoothed))]
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
