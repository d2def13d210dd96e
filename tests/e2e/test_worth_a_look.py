"""Story: a person learns that the score follows the pictures' cast, and looks at the pictures and filters behind it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import explorer.core.alarm as alarm
from explorer.core.alarm.picture_table import CONCEPTS
from explorer.core.concepts.picture_values import picture_values
from explorer.core.errors import UserError
from explorer.core.images import picture_digest, read_image
from explorer.core.index import open_index
from explorer.core.tags import FilterKey
from explorer.state.index.question import SLOT
from explorer.ui.panels.worth_a_look_panel import WorthALookPanel
from explorer.ui.widgets.plain_text import PlainTool
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Person
from tests.e2e.test_findings import findings, names_in


@pytest.fixture
def reds(demo: Person) -> np.ndarray:
    """The red share of each picture of the open folder."""
    return np.array([picture_values(read_image(path))["red share"] for path in demo.workspace.library.folder.pictures])


@pytest.fixture
def index(demo: Person, reds: np.ndarray, tmp_path: Path) -> Path:
    """An index in which redder pictures are melanomas more often, and the score is the red share itself."""
    folder = demo.workspace.library.folder
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    place = np.argsort(np.argsort(reds))
    given = tuple("mel" if (rank >= 12) ^ (rank in (7, 16)) else "nv" for rank in place)
    score = (reds - np.median(reds)) / reds.std()
    network = demo.workspace.library.network
    filters = tuple(layer.filters for layer in network.layers)
    answers = np.zeros((sum(filters), len(score)), np.float32)
    answers[0] = score
    return write_index(
        tmp_path / "index.h5",
        answers,
        names=names,
        given=given,
        classes=("other", "melanoma"),
        logits=np.stack([-score, score], axis=1),
        digests=tuple(picture_digest(path) for path in folder.pictures),
        relevance=np.where(score >= 0, answers, -answers) + 1e-6,
        filters=filters,
        identity=network.identity,
    )


def worth_a_look(person: Person) -> WorthALookPanel:
    return findings(person).findChild(WorthALookPanel)


def test_without_an_index_it_says_what_is_missing(demo: Person) -> None:
    findings(demo)
    assert "index of this folder is not there yet" in demo.workspace.worth_a_look.sentence
    assert demo.workspace.worth_a_look.found is None


def test_a_line_opens_its_pictures_and_its_filters(demo: Person, index: Path, reds: np.ndarray) -> None:
    panel = worth_a_look(demo)
    demo.workspace.evidence.take(open_index(index))
    look = demo.workspace.worth_a_look
    demo.until(lambda: look.found is not None)
    finding = look.found.findings[0]
    assert finding.artifact in ("red share", "blue share")
    demo.until(lambda: any("melanoma" in one.text() for one in panel.findChildren(PlainTool)))
    line = next(one for one in panel.findChildren(PlainTool) if finding.phrase in one.text())
    demo.click(line)
    assert names_in(demo) == [Path(name).name for name in finding.rests.all_with]
    assert finding.phrase in demo.parts.pictures._alone.text()
    assert finding.words in line.toolTip()
    link = next(one for one in panel.findChildren(PlainTool) if one.text() == str(finding.top[0].key))
    demo.click(link)
    assert FilterKey(demo.view.layer, demo.view.filter) == finding.top[0].key
    assert "looking for" in panel._said.text().casefold() or not look.busy


def test_the_figures_of_all_that_was_asked_lie_folded_below(demo: Person, index: Path) -> None:
    panel, look = worth_a_look(demo), demo.workspace.worth_a_look
    assert panel._all.isHidden()
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: look.found is not None)
    demo.until(panel._all.isVisible)
    assert not panel._figures.isVisible()
    assert "questions asked here" in panel._said.text()
    demo.click(panel._all)
    assert panel._figures.isVisible()
    lines = panel._figures.text().splitlines()
    assert len(lines) == len(look.found.asked)
    assert any(line.startswith("brightness · melanoma: AUC ") and ", p " in line for line in lines)
    demo.click(panel._all)
    assert not panel._figures.isVisible()


def test_nothing_is_called_settled_while_it_is_still_looked_for(demo: Person, index: Path) -> None:
    panel, look = worth_a_look(demo), demo.workspace.worth_a_look
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: look.found is not None)
    look._jobs.cancel(SLOT)
    look.found = replace(look.found, findings=())
    look._say("Looking for hair, rulers, ink ... in the pictures: 3 of 24")
    assert "stands out" not in panel._said.text()
    assert "3 of 24" in panel._said.text()
    look._say("")
    assert "Nothing stands out among" in panel._said.text()


def test_what_the_values_told_stays_where_the_artifacts_cannot_be_looked_for(
    demo: Person, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = alarm.sound

    def failing(*arguments: object, **options: object) -> object:
        if CONCEPTS in options["measurements"]:
            raise UserError("The network that finds hair cannot be read.")
        return real(*arguments, **options)

    monkeypatch.setattr(alarm, "sound", failing)
    panel, look = worth_a_look(demo), demo.workspace.worth_a_look
    demo.workspace.evidence.take(open_index(index))
    demo.until(lambda: "cannot be read" in look.sentence)
    assert look.found is not None
    finding = look.found.findings[0]
    assert any(finding.phrase in tool.text() for tool in panel.findChildren(PlainTool))
    assert "cannot be read" in panel._said.text()
