"""Reference cycles are collected in the window's thread, and in no other."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.workers.collector import Collector


class Knot:
    """An object that only the cyclic collector takes away."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collections() -> Iterator[list[tuple[int, int]]]:
    """(thread, generation) of every collection."""
    seen: list[tuple[int, int]] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append((threading.get_ident(), info["generation"]))

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def test_no_worker_ever_collects(qtbot: QtBot, collections: list[tuple[int, int]]) -> None:
    collector = Collector()
    done = threading.Event()

    def work() -> None:
        for _ in range(30):
            kept = [Knot() for _ in range(2000)]
            done.wait(0.01)
            del kept
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    qtbot.waitUntil(done.is_set)
    worker.join()
    qtbot.waitUntil(lambda: len(collections) > 0)
    assert {thread for thread, generation in collections} == {threading.get_ident()}
    del collector


def test_what_is_left_in_a_cycle_goes_away_by_itself(qtbot: QtBot) -> None:
    collector = Collector()
    knots = [Knot() for _ in range(2 * gc.get_threshold()[0])]
    last = weakref.ref(knots[-1])
    del knots
    qtbot.waitUntil(lambda: last() is None)
    del collector


def test_older_objects_are_looked_through_seldom(qtbot: QtBot, collections: list[tuple[int, int]]) -> None:
    collector = Collector()
    for _ in range(300):
        knots = [Knot() for _ in range(gc.get_threshold()[0] + 100)]
        collector.look()
        del knots
    generations = [generation for thread, generation in collections]
    assert generations.count(0) > 200
    assert 10 < generations.count(1) < 100
    assert generations.count(2) <= 1
