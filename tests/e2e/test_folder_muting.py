"""Story: a person asks in Findings what muting filters does over the whole folder."""

from pathlib import Path

import pytest

from explorer.core.index import open_index
from explorer.core.tags import FilterKey
from explorer.state.findings.folder_muting import NOTHING
from explorer.ui.panels.folder_muting_panel import MEASURE, STOP, FolderMutingPanel
from tests.e2e.conftest import Person
from tests.e2e.test_findings import findings
from tests.e2e.test_worth_a_look import index as index
from tests.e2e.test_worth_a_look import reds as reds


@pytest.fixture
def panel(demo: Person, index: Path) -> FolderMutingPanel:
    shown = findings(demo).findChild(FolderMutingPanel)
    demo.workspace.evidence.take(open_index(index))
    demo.until(shown.isVisible)
    return shown


def test_muted_filters_are_measured_and_told(demo: Person, panel: FolderMutingPanel) -> None:
    muting, tagging, measured = demo.workspace.muting, demo.workspace.tagging, demo.workspace.folder_muting
    assert panel.texts == NOTHING
    assert not panel.tool.isVisible()
    tagging.add(FilterKey(7, 3), "hair")
    for key in (FilterKey(7, 1), FilterKey(7, 2)):
        muting.toggle(key)
    assert [panel.filters.itemText(place) for place in range(panel.filters.count())] == [
        "2 muted filters",
        "hair (1 filter)",
    ]
    assert panel.tool.text() == MEASURE
    demo.click(panel.tool)
    assert panel.tool.text() == STOP
    demo.until(lambda: measured.found is not None)
    assert panel.tool.text() == MEASURE
    said = panel.texts
    assert said.startswith("Muting the 2 filters 7:1, 7:2 changes the AUC by ")
    assert "AUC: 0." in said
    assert "sensitivity, melanoma from" in said
    assert "Measured on 24 pictures" in said
    panel.filters.setCurrentIndex(1)
    demo.click(panel.tool)
    demo.until(lambda: measured.found is not None)
    assert panel.texts.startswith("Muting the filter tagged hair changes the AUC by ")
    assert "drawn hair" in panel.texts


def test_it_can_be_stopped_and_what_was_measured_of_others_is_forgotten(demo: Person, panel: FolderMutingPanel) -> None:
    demo.workspace.muting.toggle(FilterKey(7, 1))
    measured = demo.workspace.folder_muting
    demo.click(panel.tool)
    demo.click(panel.tool)
    assert not measured.busy
    assert panel.tool.text() == MEASURE
    assert panel.texts == ""
    demo.click(panel.tool)
    demo.until(lambda: measured.found is not None)
    demo.workspace.given.changed.emit()
    assert panel.texts == ""
    demo.workspace.evidence.take(None)
    assert "index of this folder is not there yet" in measured.sentence
