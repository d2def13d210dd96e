"""The most confused pairs, with their pictures."""

import base64
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.trainer.cohorts import drawn_cohort
from tests.trainer.evaluation.test_evaluate import SEVEN, Colors
from trainer.cohort.cohort import open_cohort
from trainer.evaluation.evaluate import evaluate
from trainer.networks.input_spec import InputSpec
from trainer.report.confused import PAIRS, SHOWN, confused_pairs
from trainer.report.write import write_report


def test_the_most_confused_pairs_show_the_pictures_it_was_surest_of(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 350, classes=SEVEN))
    spec = InputSpec((32, 32), "squash", 32)
    found = evaluate(Colors(7), SEVEN, spec, cohort, "test", torch.device("cpu"), draws=100)
    pairs = confused_pairs(found, cohort)
    wrong = sorted((found.confusion * (1 - np.eye(7, dtype=int))).ravel(), reverse=True)
    assert [pair.count for pair in pairs] == wrong[:PAIRS]
    test = found.predictions[0]
    for pair in pairs:
        given, called = SEVEN.index(pair.given), SEVEN.index(pair.predicted)
        assert pair.count == found.confusion[given, called]
        assert pair.of == (cohort.labels[cohort.positions("test")] == given).sum()
        surest = [one.probability for one in pair.pictures]
        assert surest == sorted(surest, reverse=True)
        assert len(surest) == min(SHOWN, pair.count)
        mistaken = (test.labels == given) & (test.probabilities.argmax(axis=1) == called)
        assert surest[0] == test.probabilities[mistaken, called].max()
        for one in pair.pictures:
            place = cohort.names.index(one.name)
            assert (cohort.labels[place], cohort.splits[place]) == (given, "test")
            shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(one.picture.partition(",")[2]))))
            assert np.abs(shown.mean((0, 1)) - cohort.pictures([place])[0].mean((0, 1))).max() < 6
    write_report(tmp_path / "report", found, None, cohort)
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert f"{pairs[0].count} of {pairs[0].of} pictures of <b>{pairs[0].given}</b>" in page
    assert page.count("data:image/jpeg;base64,") == sum(len(pair.pictures) for pair in pairs)


def test_without_mistakes_there_is_nothing_to_show(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 60))

    class Right(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            red = pictures.mean((2, 3))[:, 0]
            return torch.stack([0.5 - red, red - 0.5], 1) * 10

    found = evaluate(
        Right(), cohort.classes, InputSpec((32, 32), "squash", 32), cohort, "test", torch.device("cpu"), draws=100
    )
    assert found.accuracy.value == 1
    assert confused_pairs(found, cohort) == ()
