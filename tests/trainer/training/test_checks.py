"""What is said of a recipe before the first step."""

from pathlib import Path

from tests.trainer.runs import cohort_in, small
from trainer.training.checks import seen_part


def test_a_network_that_would_see_the_middle_alone_is_said_to(tmp_path: Path) -> None:
    """A recipe's --size lowered by itself: its pictures are still made as large as before."""
    cohort = cohort_in(tmp_path)
    side = cohort.side
    assert not seen_part(cohort, small(size=side, resize_to=side))
    told = seen_part(cohort, small(size=side // 2, resize_to=side))
    assert told == (
        f"of each picture, {side} x {side}, the network sees the {side // 2} x {side // 2} in the middle; "
        f"--resize-to {side // 2} or --test-crop whole shows all of it"
    )
    for shown in ({"resize_to": side // 2}, {"test_crop": "whole"}):
        assert not seen_part(cohort, small(size=side // 2, **{"resize_to": side, **shown}))
