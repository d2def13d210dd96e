"""The newest request counts, older ones end, failures arrive, and nothing outlives the worker."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.progress import OnStep
from explorer.state.session import DisplayStyle, Session, View
from explorer.state.workers.jobs import PATIENT, Jobs
from explorer.state.workers.lazy_store import LazyStore


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    made = Jobs("test")
    yield made
    made.close()


def test_a_view_changes_once_and_only_when_it_differs(qtbot: QtBot) -> None:
    session, heard = Session(), []
    session.changed.connect(lambda before, after: heard.append((before, after)))
    session.update(layer=3, filter=2)
    session.update(layer=3)
    session.update_style(outline=True)
    assert heard == [
        (View(), View(layer=3, filter=2)),
        (View(layer=3, filter=2), View(layer=3, filter=2, style=DisplayStyle(outline=True))),
    ]


def test_a_worker_that_never_had_a_job_costs_no_thread(qtbot: QtBot) -> None:
    idle, before = Jobs("idle"), threading.active_count()
    assert not any(thread.name == "jobs-idle" for thread in threading.enumerate())
    idle.cancel("nothing")
    idle.close()
    idle.submit("late", lambda on_step: None, lambda nothing: None)
    assert threading.active_count() == before


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
@pytest.mark.parametrize("patient", [False, True])
def test_a_patient_worker_and_what_it_starts_let_the_window_go_first(qtbot: QtBot, patient: bool) -> None:
    made, found = Jobs("test", patient=patient), list[list[int]]()

    def work(on_step: OnStep) -> list[int]:
        def niceness() -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        with ThreadPoolExecutor(1) as pool:
            return [niceness(), pool.submit(niceness).result()]

    made.submit("a", work, found.append)
    qtbot.waitUntil(lambda: bool(found))
    made.close()
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert found == [[max(own, PATIENT)] * 2 if patient else [own] * 2]


def test_results_arrive_in_this_thread(qtbot: QtBot, jobs: Jobs) -> None:
    threads: list[Any] = []
    jobs.submit(
        "a",
        lambda on_step: threading.current_thread(),
        lambda found: threads.extend([found, threading.current_thread()]),
    )
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threads[1]
    assert threads[1] is threading.main_thread()


def test_only_the_newest_of_a_slot_is_delivered(qtbot: QtBot, jobs: Jobs) -> None:
    found: list[int] = []
    gate = threading.Event()
    jobs.submit("walk", lambda on_step: gate.wait(5), lambda result: found.append(-1))
    for number in range(50):
        jobs.submit("walk", lambda on_step, number=number: number, found.append)
    gate.set()
    qtbot.waitUntil(lambda: bool(found))
    qtbot.wait(30)
    assert found == [49]


def test_slots_do_not_disturb_each_other(qtbot: QtBot, jobs: Jobs) -> None:
    found: list[str] = []
    for name in "abc":
        jobs.submit(name, lambda on_step, name=name: name, found.append)
    qtbot.waitUntil(lambda: len(found) == 3)
    assert found == ["a", "b", "c"]


def test_a_newer_job_ends_the_older_at_its_next_step(qtbot: QtBot, jobs: Jobs) -> None:
    steps: list[int] = []

    def long(on_step: OnStep) -> None:
        for number in range(10_000):
            on_step(number, 10_000)
            steps.append(number)
            time.sleep(0.001)

    found: list[str] = []
    jobs.submit("work", long, lambda result: found.append("old"))
    qtbot.waitUntil(lambda: len(steps) > 3)
    jobs.submit("work", lambda on_step: "new", found.append)
    qtbot.waitUntil(lambda: found == ["new"])
    assert len(steps) < 9_000


def test_cancel_delivers_nothing_and_says_that_it_ended(qtbot: QtBot, jobs: Jobs) -> None:
    found: list[Any] = []
    gate = threading.Event()
    jobs.submit("work", lambda on_step: gate.wait(5), found.append)
    with qtbot.waitSignal(jobs.ended):
        jobs.cancel("work")
    gate.set()
    qtbot.wait(50)
    assert found == []
    assert not jobs.busy()


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), SystemExit(3), RuntimeError("shapes")])
def test_every_failure_arrives(qtbot: QtBot, jobs: Jobs, error: BaseException) -> None:
    def fail(on_step: OnStep) -> None:
        raise error

    with qtbot.waitSignal(jobs.failed) as caught:
        jobs.submit("work", fail, lambda result: None)
    assert caught.args == [error]
    own: list[BaseException] = []
    jobs.submit("work", fail, lambda result: None, own.append)
    qtbot.waitUntil(lambda: own == [error])
    done: list[int] = []
    jobs.submit("work", lambda on_step: 1, done.append)  # the worker is still alive
    qtbot.waitUntil(lambda: done == [1])


def test_progress_of_the_newest_only(qtbot: QtBot, jobs: Jobs) -> None:
    heard: list[tuple[str, int, int]] = []
    jobs.progressed.connect(lambda *step: heard.append(step))
    done: list[int] = []

    def work(on_step: OnStep) -> int:
        for number in range(3):
            on_step(number, 3)
        return 0

    jobs.submit("work", work, done.append)
    qtbot.waitUntil(lambda: done == [0])
    assert heard == [("work", 0, 3), ("work", 1, 3), ("work", 2, 3)]


def test_close_waits_and_delivers_nothing_more(qtbot: QtBot) -> None:
    jobs, found = Jobs("closing"), []
    started = threading.Event()

    def work(on_step: OnStep) -> int:
        started.set()
        time.sleep(0.1)
        return 1

    jobs.submit("work", work, found.append)
    assert started.wait(2)
    jobs.close()
    qtbot.wait(30)
    assert found == []


def test_what_a_job_held_is_let_go(qtbot: QtBot, jobs: Jobs) -> None:
    import weakref

    class Big:
        pass

    big = Big()
    gone, done = weakref.ref(big), []
    jobs.submit("work", lambda on_step, big=big: 1, done.append)
    del big
    qtbot.waitUntil(lambda: done == [1])
    qtbot.waitUntil(lambda: gone() is None)


def test_a_lazy_store_computes_what_is_asked_for_last_first(qtbot: QtBot, jobs: Jobs) -> None:
    store, calls = LazyStore(jobs, "lazy", keep=100, chunk=3), []

    def compute(keys: Any, on_step: OnStep) -> dict[int, str]:
        calls.append(list(keys))
        return {key: str(key) for key in keys if key != 7}

    store.reset(compute)
    assert store.get(1) is None
    qtbot.waitUntil(lambda: calls == [[1]])
    for key in range(2, 9):
        store.get(key)
    qtbot.waitUntil(lambda: sum(map(len, calls)) == 8)
    assert calls[1] == [2, 3, 4]  # a list paints from its top: what is asked for together keeps its order
    qtbot.waitUntil(lambda: store.get(1) == "1")
    assert store.get(7) is None  # cannot be computed: not asked for again
    qtbot.wait(30)
    assert sum(map(len, calls)) == 8


def test_a_lazy_store_holds_no_more_than_it_may(qtbot: QtBot, jobs: Jobs) -> None:
    store = LazyStore(jobs, "lazy", keep=10, chunk=4)
    store.reset(lambda keys, on_step: {key: key for key in keys})
    for start in range(0, 50, 5):
        for key in range(start, start + 5):
            store.get(key)
        qtbot.waitUntil(lambda start=start: store.peek(start + 4) == start + 4)
    assert len(store._held) <= 10
    store.reset(None)
    assert store.get(Path("x")) is None


def test_what_fails_is_not_asked_for_again(qtbot: QtBot, jobs: Jobs) -> None:
    store, calls = LazyStore(jobs, "lazy", keep=10), []

    def compute(keys: Any, on_step: OnStep) -> dict[int, int]:
        calls.append(keys)
        raise RuntimeError("out of memory")

    store.reset(compute)
    with qtbot.waitSignal(jobs.failed):
        store.get(1)
    assert store.get(1) is None
    qtbot.wait(50)
    assert len(calls) == 1


def test_what_is_forgotten_while_it_is_computed_is_computed_anew(qtbot: QtBot, jobs: Jobs) -> None:
    """It was read from what has been replaced since."""
    store, content = LazyStore(jobs, "values", 10), {"a": "old", "b": "same"}
    read, go_on = threading.Event(), threading.Event()

    def compute(keys: Any, on_step: OnStep) -> dict[Any, Any]:
        values = {key: content[key] for key in keys}
        read.set()
        go_on.wait(30)
        return values

    store.reset(compute)
    store.arrived.connect(lambda keys: [store.get(key) for key in keys])
    store.get("a"), store.get("b")
    qtbot.waitUntil(read.is_set)
    content["a"] = "new"
    store.forget(["a"])
    go_on.set()
    qtbot.waitUntil(lambda: store.peek("a") is not None and store.peek("b") is not None)
    assert (store.peek("a"), store.peek("b")) == ("new", "same")
