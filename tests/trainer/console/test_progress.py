"""What a person sees of long work: a bar on a terminal, lines in a pipe, nothing of what is short."""

import re
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.console import progress as shown
from trainer.console.progress import APART, Bar, Lines, begin, duration, progress


class Clock:
    """A clock that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_work_of_less_than_ten_seconds_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("index", "pictures", clock)
    for done in range(100):
        clock.now = done * 0.099
        lines(done, 100)
    lines.close()
    assert capsys.readouterr() == ("", "")


def test_a_line_says_how_far_it_is_and_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("index", "pictures", clock)
    for done in range(0, 61):
        clock.now = float(done)
        lines(done, 2000)
    out, error = capsys.readouterr()
    assert out == ""
    said = error.splitlines()
    assert said[0] == "index: 10 of 2,000 pictures, 10 s so far, about 33 min left"
    assert len(said) == 6


def test_a_stage_is_named_and_counted_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("report", clock=clock)
    lines.stage("filters")
    lines(12, 12)
    clock.now = 100
    lines.stage("muting")
    lines(0, 10)
    clock.now = 120
    lines(5, 10)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "report, muting: 0 of 10, 1 min 40 s so far",
        "report, muting: 5 of 10, 2 min so far, about 20 s left of this part",
    ]


def test_a_step_without_a_count_is_a_sign_of_life_and_keeps_what_was_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = Lines("occluding", "pictures", clock)
    lines(3, 12)
    clock.now = 11
    lines(0, 0)
    clock.now = 30
    lines(12, 12)
    clock.now = 60
    lines(0, 0)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[2].strip() for line in said] == [
        "3 of 12 pictures, 11 s so far",
        "12 of 12 pictures, 30 s so far",
        "60 s so far",
    ]


def test_nobody_is_told_that_no_time_is_left_while_a_step_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("checking", clock=clock)
    for done in range(24):
        clock.now = done * 0.1
        lines(done, 24)
    for clock.now in (11, 22, 95):
        lines.say_if_due()
    said = [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()]
    assert said == ["23 of 24, 11 s so far", "23 of 24, 22 s so far", "23 of 24, 1 min 35 s so far"]


def test_the_first_step_pays_for_what_begins_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("Grad-CAM", "pictures", clock)
    for clock.now, done in ((0, 0), (31, 1), (35, 2), (39, 3), (43, 4)):
        lines(done, 24)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "Grad-CAM: 1 of 24 pictures, 31 s so far",
        "Grad-CAM: 4 of 24 pictures, 43 s so far, about 80 s left",
    ]


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=200))
def test_lines_stand_ten_seconds_apart_and_never_grow_many(pauses: list[float]) -> None:
    clock, spoken = Clock(), []
    lines = Lines("train", clock=clock)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shown, "say", lambda text, error: spoken.append(clock.now))
        for done, pause in enumerate(pauses):
            clock.now += pause
            lines(done, len(pauses))
    assert all(after - before >= APART for before, after in zip([0.0, *spoken], spoken, strict=False))
    assert len(spoken) <= 20 + 25 * max(1, clock.now / 3600) ** 0.5 + 25


def test_what_is_said_in_between_is_a_sign_of_life_too(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines("training", clock=clock)
    clock.now = 9
    lines.say("epoch 1")
    clock.now = 18
    lines(1, 10)
    assert capsys.readouterr() == ("epoch 1\n", "")
    clock.now = 19
    lines.beside("loss 0.7")
    lines(2, 10)
    assert capsys.readouterr().err == "training: 2 of 10, 19 s so far, about 8 s left; loss 0.7\n"


def test_a_pipe_gets_lines_and_a_terminal_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = begin("index")
    lines.close()
    assert isinstance(lines, Lines)
    monkeypatch.setattr(shown, "on_terminal", lambda: True)
    bar = begin("index")
    bar.close()
    assert isinstance(bar, Bar)
    assert type(begin("index", shown=False)) is shown.Progress


def test_a_bar_counts_its_stages_and_is_gone_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shown, "on_terminal", lambda: True)
    with progress("report") as on_step:
        on_step.stage("filters")
        on_step(6, 12)
        on_step(12, 12)
        on_step.stage("mut\x1b[31ming")
        on_step.beside("loss 0.7")
        on_step(0, 0)
        on_step(3, 10)
        on_step.say("a line")
    out, error = capsys.readouterr()
    assert out == "a line\n"
    assert "report, filters: " in error
    assert re.search(r"6/12", error)
    assert "\x1b[31m" not in error
    assert re.search(r"3/10", error)
    assert error.endswith("\r")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (100, "2 min"), (5340, "89 min"), (5430, "1 h 30 min")]
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_long_step_is_told_too_until_the_work_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shown, "APART", 0.1)
    error = ""
    with progress("suggest") as on_step:
        on_step(1, 3)
        until = time.monotonic() + 30
        while "suggest: 1 of 3" not in error and time.monotonic() < until:
            time.sleep(0.1)
            error += capsys.readouterr().err
    assert "suggest: 1 of 3, " in error
    threads = [thread for thread in threading.enumerate() if thread.name == "progress"]
    for thread in threads:
        thread.join(30)
    capsys.readouterr()
    assert not any(thread.is_alive() for thread in threads)
    on_step(2, 3)
    assert capsys.readouterr().err == ""
