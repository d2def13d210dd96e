"""The index of the folder: made by a process of its own, which waits while a person walks and never outlives them."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.core.errors import UserError
from explorer.core.index.kept_indexes import place_of
from explorer.core.network import open_network
from explorer.state.opened.network_session import Request
from explorer.state.settings import INDEX
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index
from tests.networks import save_small

SPEAKER = ROOT / "tests" / "state" / "made_up_index.py"
FOREVER = {"stage": "pictures", "done": 1, "total": 12, "bytes": 15_000_000, "seconds": 600}


class Window:
    """A workspace whose indexes are made up, and what its process heard."""

    def __init__(self, home: Path, qtbot: QtBot) -> None:
        self.home, self.qtbot = home, qtbot
        home.mkdir(exist_ok=True)
        self.workspace = Workspace(
            Settings(home / "settings.ini"), ROOT / "resources", index_command=(sys.executable, str(SPEAKER))
        )
        self.indexing, self.evidence = self.workspace.indexing, self.workspace.evidence
        self.second = self.workspace.second_indexing
        for indexing in (self.indexing, self.second):
            indexing._rest.setInterval(50)
        self.problems: list[str] = []
        self.indexing.problem.connect(lambda error: self.problems.append(str(error)))

    @property
    def heard(self) -> list[str]:
        place = self.home / "heard.txt"
        return place.read_text().splitlines() if place.exists() else []

    def say(self, *steps: dict[str, Any]) -> None:
        (self.home / "steps.json").write_text(json.dumps(steps))

    def open(self, model: Path, pictures: Path) -> None:
        self.workspace.opening.open_folder(pictures)
        self.workspace.opening.open_model(Request(model, device="cpu"))
        self.until(lambda: self.workspace.pipeline.activations is not None)

    def open_second(self, model: Path) -> None:
        self.workspace.second.open_network(Request(model, device="cpu"))
        self.until(lambda: self.workspace.second.network is not None)

    @property
    def begun(self) -> list[str]:
        """The file of the network of each process, in turn."""
        words = (line.split() for line in self.heard if line.startswith("begun"))
        return [Path(word.partition("=")[2]).stem for line in words for word in line if word.startswith("--model=")]

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_small(tmp_path / "small.safetensors")


@pytest.fixture
def window(tmp_path: Path, qtbot: QtBot) -> Iterator[Window]:
    made = Window(tmp_path / "home", qtbot)
    yield made
    made.workspace.close()


def index_of(window: Window, model: Path, path: Path, pictures: int = 12, identity: str = "", given: str = "") -> Path:
    """An index of the open network with any answers, as its process would write it; all `given` if that is a word."""
    network = open_network(model, device="cpu")
    filters = tuple(layer.filters for layer in network.layers)
    peaks = np.random.default_rng(0).random((sum(filters), pictures))
    classes = ["benign" if number % 2 else "malignant" for number in range(pictures)]
    names = tuple(f"{word}/picture{number}.png" for number, word in enumerate(classes))
    return write_index(
        path,
        peaks,
        filters=filters,
        names=names,
        given=(given,) * pictures if given else tuple(classes),
        identity=identity or network.identity,
        asked=12,
    )


def test_what_the_process_made_is_looked_into_and_looked_into_again(
    window: Window, model: Path, pictures: Path, tmp_path: Path
) -> None:
    first = index_of(window, model, tmp_path / "first.h5", 5)
    whole = index_of(window, model, tmp_path / "whole.h5")
    window.say(
        {"stage": "sample", "done": 0, "total": 5, "bytes": 15_000_000},
        {"stage": "ready", "path": str(first), "pictures": 5, "asked": 12},
        {"stage": "reading", "done": 12, "total": 12, "bytes": 15_000_000},
        {"stage": "pictures", "done": 2, "total": 6, "bytes": 8_000_000},
        {"stage": "ready", "path": str(whole), "pictures": 12, "asked": 12, "seconds": 0.3},
        {"stage": "done"},
    )
    seen: list[int] = []
    window.evidence.changed.connect(
        lambda: seen.append(len(window.evidence.index.pictures if window.evidence.index else ()))
    )
    shares: list[float] = []
    window.indexing.changed.connect(lambda: shares.append(window.indexing.share))
    window.open(model, pictures)
    window.until(lambda: seen == [5, 12])  # a new file, opened again
    window.until(lambda: not window.indexing.running)
    assert window.indexing.bytes == 15_000_000
    assert 8 / 12 in shares  # two of the six that were missing
    assert (window.indexing.reason, window.problems) == ("", [])


def test_scales_are_measured_anew_until_that_is_done_once(window: Window, model: Path, pictures: Path) -> None:
    """A process that ends before it has measured them is asked again; one that has gone on to the pictures is not."""
    window.say({"stage": "sample", "done": 0, "total": 5}, FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.indexing.stage == "sample")
    assert "--remeasure" not in window.heard[0]
    window.indexing.measure_anew()
    window.until(lambda: len(window.begun) == 2 and window.indexing.stage == "sample")
    window.indexing._end()
    window.say({"stage": "sample", "done": 5, "total": 5}, {"stage": "pictures", "done": 1, "total": 12}, FOREVER)
    window.indexing._rested()
    window.until(lambda: len(window.begun) == 3 and window.indexing.stage == "pictures")
    window.indexing._end()
    window.indexing._rested()
    window.until(lambda: len(window.begun) == 4)
    asked = ["--remeasure" in line for line in window.heard if line.startswith("begun")]
    assert asked == [False, True, True, False]


def test_without_pictures_nothing_is_measured_anew(window: Window) -> None:
    with pytest.raises(UserError, match="folder of pictures"):
        window.indexing.measure_anew()


def test_what_is_kept_is_only_compared_with_the_folder_until_something_is_measured(
    window: Window, model: Path, pictures: Path, tmp_path: Path
) -> None:
    whole = index_of(window, model, tmp_path / "whole.h5")
    window.say(
        {"stage": "reading", "done": 4, "total": 12, "bytes": 0, "seconds": 0.3},
        {"stage": "ready", "path": str(whole), "pictures": 12, "asked": 12, "seconds": 0.3},
        {"stage": "reading", "done": 12, "total": 12, "bytes": 0, "seconds": 0.3},
        {"stage": "pictures", "done": 2, "total": 6, "bytes": 0, "seconds": 0.3},
        {"stage": "done"},
    )
    told: list[tuple[bool, bool]] = []
    window.indexing.changed.connect(lambda: told.append((window.evidence.index is not None, window.indexing.checking)))
    window.open(model, pictures)
    window.until(lambda: told and not window.indexing.running)
    assert (False, True) not in told  # nothing is kept yet: it is made
    assert (True, True) in told
    assert told[-1] == (True, False)


def test_the_process_hears_what_to_index_and_waits_behind_everything_else(
    window: Window, model: Path, pictures: Path
) -> None:
    window.say(FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.heard)
    words = window.heard[0].split()
    assert {"index", f"--model={model}", f"--images={pictures}", "--device=cpu", "--kept", "--progress=json"} <= {
        *words
    }
    process = window.indexing._process._process.processId()
    window.until(lambda: os.getpriority(os.PRIO_PROCESS, process) == 19)


def test_a_picture_that_is_another_by_now_is_measured_again(window: Window, model: Path, pictures: Path) -> None:
    def ran(times: int) -> None:
        window.until(lambda: sum(line.startswith("begun") for line in window.heard) == times)
        window.until(lambda: not window.indexing.running)

    window.say({"stage": "done"})
    window.open(model, pictures)
    ran(1)
    session, library = window.workspace.session, window.workspace.library
    picture = session.view.picture
    Image.fromarray(np.full((40, 36, 3), 9, np.uint8)).save(picture)
    os.utime(picture, (1, 1))
    session.update(picture=library.folder.pictures[3])
    window.qtbot.wait(50)
    session.update(picture=picture)  # it is read again
    ran(2)
    window.say({"stage": "reading", "done": 1, "total": 12, "seconds": 1}, {"stage": "done"})
    library.replaced.emit(picture)
    window.until(lambda: window.indexing.running)
    library.replaced.emit(picture)  # while the process runs, which may have seen the one before
    ran(4)


def test_it_waits_while_a_person_walks_and_goes_on_after_a_rest(window: Window, model: Path, pictures: Path) -> None:
    window.say(FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.heard)
    for place in (3, 4, 5):
        window.workspace.session.update(picture=window.workspace.library.folder.pictures[place])
    window.until(lambda: window.heard[1:] == ["pause", "resume"])
    window.workspace.session.update_style(outline=True)  # is no walking
    window.qtbot.wait(100)
    assert window.heard[1:] == ["pause", "resume"]


def test_what_a_person_paused_stays_paused(window: Window, model: Path, pictures: Path) -> None:
    window.say(FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.heard)
    window.indexing.hold(True)
    window.workspace.session.update(filter=1)
    window.qtbot.wait(150)
    assert window.heard[1:] == ["pause"]
    window.indexing.hold(False)
    window.until(lambda: window.heard[1:] == ["pause", "resume"])


def test_nothing_outlives_the_window(tmp_path: Path, qtbot: QtBot, model: Path, pictures: Path) -> None:
    window = Window(tmp_path / "home", qtbot)
    window.say(FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.heard)
    process = window.indexing._process._process.processId()
    window.workspace.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_another_folder_ends_the_process_and_begins_anew(
    window: Window, model: Path, pictures: Path, tmp_path: Path
) -> None:
    first = index_of(window, model, tmp_path / "first.h5")
    window.say({"stage": "ready", "path": str(first), "pictures": 12, "asked": 12}, FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.evidence.index is not None)
    process = window.indexing._process._process.processId()
    window.say(FOREVER)
    window.workspace.opening.open_folder(pictures / "benign")
    window.until(lambda: window.evidence.index is None)
    window.until(lambda: len([line for line in window.heard if line.startswith("begun")]) == 2)
    assert f"--images={pictures / 'benign'}" in window.heard[-1]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_index_of_another_network_is_never_shown(
    window: Window, model: Path, pictures: Path, tmp_path: Path
) -> None:
    other = index_of(window, model, tmp_path / "other.h5", identity="another")
    window.say({"stage": "ready", "path": str(other), "pictures": 12, "asked": 12}, {"stage": "done"})
    window.open(model, pictures)
    window.until(lambda: "done" in window.heard and not window.workspace.library.reading.busy())
    window.qtbot.wait(50)
    assert window.evidence.index is None


def test_the_index_of_an_earlier_session_is_there_at_once(
    tmp_path: Path, qtbot: QtBot, model: Path, pictures: Path
) -> None:
    window = Window(tmp_path / "home", qtbot)
    window.workspace.close()
    network = open_network(model, device="cpu")
    kept = place_of(network, pictures, window.home)
    kept.parent.mkdir(parents=True)
    index_of(window, model, kept)
    again = Window(tmp_path / "home", qtbot)
    again.indexing._rest.setInterval(600_000)
    again.open(model, pictures)
    again.until(lambda: again.evidence.index is not None)
    assert not again.indexing.running
    again.workspace.close()


def test_a_kept_index_with_other_classes_waits_until_it_has_those_of_now(
    window: Window, model: Path, pictures: Path
) -> None:
    kept = place_of(open_network(model, device="cpu"), pictures, window.home)
    kept.parent.mkdir(parents=True)
    index_of(window, model, kept, given="another word")
    window.say(FOREVER)
    window.open(model, pictures)
    window.until(lambda: window.heard and not window.workspace.library.reading.busy())
    assert window.evidence.index is None
    assert window.problems == []


def test_it_is_off_where_a_person_says_so(window: Window, model: Path, pictures: Path) -> None:
    window.say(FOREVER)
    window.workspace.settings.set_value(INDEX, False)
    window.open(model, pictures)
    window.qtbot.wait(150)
    assert not window.indexing.running
    window.workspace.settings.set_value(INDEX, True)
    window.until(lambda: window.heard)
    window.workspace.settings.set_value(INDEX, False)
    assert not window.indexing.running


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return save_small(tmp_path / "other.safetensors", seed=1)


def test_the_index_of_a_second_network_is_made_after_that_of_the_first(
    window: Window, model: Path, other: Path, pictures: Path
) -> None:
    window.say({"stage": "pictures", "done": 1, "total": 12, "seconds": 0.5}, {"stage": "done"})
    window.open(model, pictures)
    window.until(lambda: window.begun == ["small"])
    window.indexing.hold(True)
    window.open_second(other)
    window.qtbot.wait(300)
    assert not window.second.running
    window.indexing.hold(False)
    assert (window.indexing.name, window.second.name) == ("A", "B")
    window.until(lambda: window.begun == ["small", "other"])
    assert window.heard.index("done") < len(window.heard) - 1, "A's was done before B's began"
    assert f"--images={pictures}" in window.heard[-1]
    window.workspace.second.close_network()
    assert not window.second.running, "nobody needs it any more"
    assert window.indexing.name == ""


def test_the_index_of_the_second_waits_while_that_of_the_first_goes_on(
    window: Window, model: Path, other: Path, pictures: Path
) -> None:
    window.say({"stage": "done"})
    window.open(model, pictures)
    window.until(lambda: "done" in window.heard and not window.indexing.running)
    window.say({"stage": "reading", "done": 0, "total": 12}, FOREVER)
    window.open_second(other)
    window.until(lambda: window.second.total == 12)
    window.say({"stage": "pictures", "done": 1, "total": 12, "seconds": 0.3}, {"stage": "done"})
    window.indexing._measure_again()
    window.until(lambda: window.begun == ["small", "other", "small"] and "pause" in window.heard)
    window.until(lambda: window.heard[-1] == "resume" and not window.indexing.running)
    window.workspace.session.update(filter=1)
    window.until(lambda: window.heard[-2:] == ["pause", "resume"])


def test_the_index_of_the_second_is_off_with_that_of_the_first(
    window: Window, model: Path, other: Path, pictures: Path
) -> None:
    window.say({"stage": "done"})
    window.workspace.settings.set_value(INDEX, False)
    window.open(model, pictures)
    window.open_second(other)
    window.qtbot.wait(200)
    assert window.heard == []
    window.workspace.settings.set_value(INDEX, True)
    window.until(lambda: window.begun == ["small", "other"])


def test_a_failure_of_the_second_says_which_network_it_was(
    window: Window, model: Path, other: Path, pictures: Path
) -> None:
    window.say({"stage": "done"})
    said: list[str] = []
    window.second.problem.connect(lambda error: said.append(str(error)))
    window.open(model, pictures)
    window.until(lambda: "done" in window.heard and not window.indexing.running)
    window.say({"fail": "The disk is full."})
    window.open_second(other)
    window.until(lambda: said)
    assert said == ["The index of the folder by network B is not made: The disk is full."]
    assert window.problems == []


def test_a_failure_is_said_once_and_tried_again_when_asked(window: Window, model: Path, pictures: Path) -> None:
    window.say({"stage": "sample", "done": 0, "total": 5, "bytes": 1}, {"fail": "The disk is full."})
    window.open(model, pictures)
    window.until(lambda: window.problems)
    assert window.problems == ["The index of the folder is not made: The disk is full."]
    window.workspace.session.update(filter=1)
    window.qtbot.wait(150)
    assert not window.indexing.running
    window.say(FOREVER)
    window.indexing.hold(False)
    assert window.indexing.running


def test_a_process_that_cannot_begin_is_said(tmp_path: Path, qtbot: QtBot, model: Path, pictures: Path) -> None:
    window = Window(tmp_path / "home", qtbot)
    window.indexing._command = (str(tmp_path / "not-there"),)
    window.open(model, pictures)
    window.until(lambda: window.problems)
    assert "not made" in window.problems[0]
    window.workspace.close()


def test_the_program_s_own_command_makes_what_the_window_shows(
    tmp_path: Path, qtbot: QtBot, model: Path, pictures: Path
) -> None:
    window = Window(tmp_path / "home", qtbot)
    window.indexing._command = (sys.executable, "-m", "explorer")
    window.open(model, pictures)
    window.until(lambda: window.evidence.index is not None and not window.indexing.running)
    index = window.evidence.index
    assert [pictures / name for name in index.pictures] == list(window.workspace.library.folder.pictures)
    assert set(index.given) == {"benign", "malignant"}
    assert index.complete
    assert window.problems == []
    window.second._command = window.indexing._command
    window.open_second(save_small(tmp_path / "other.safetensors", seed=1))
    second = window.workspace.second_evidence
    window.until(lambda: second.index is not None and not window.second.running)
    assert second.covers(window.workspace.second.network, 0, raw=False)
    assert second.index.pictures == index.pictures
    assert window.evidence.index is index, "the window is about A's all the same"
    window.workspace.close()
