"""Story: a person leaves with a report on what they tagged, and another person checks it."""

from pathlib import Path

from explorer.core.index import build_index, open_index
from explorer.core.report import check_report, open_sources
from explorer.core.report.check import read_report
from tests.e2e.conftest import DEMO, Person


def test_before_the_index_is_there_it_says_what_is_missing(demo: Person, tmp_path: Path) -> None:
    demo.commands.report.write(tmp_path / "report.html")
    assert "no complete index of this folder yet" in demo.message
    assert not (tmp_path / "report.html").exists()


def test_what_was_tagged_is_in_the_report_and_stands_the_check(demo: Person, tmp_path: Path) -> None:
    library = demo.workspace.library
    build_index(library.network.copy(), library.folder.path, tmp_path / "index.h5")
    demo.workspace.evidence.take(open_index(tmp_path / "index.h5"))
    demo.workspace.session.update(layer=7, filter=5)
    demo.press("B")
    demo.until(lambda: not demo.workspace.tagging.unsaved)
    demo.commands.report.write(tmp_path / "report.html")
    demo.until(lambda: "report.html is written" in demo.message)
    report = read_report(tmp_path / "report.html")
    (filter,) = report["facts"]["filters"]
    assert (filter["filter"], filter["tags"][0]["word"]) == ("7:5", "border")
    with open_sources(
        library.network.copy(),
        library.folder.path,
        tmp_path / "index.h5",
        tags=demo.workspace.tagging.path,
        labels=library.folder.table,
        model=DEMO / "demo-scratch-cnn.safetensors",
    ) as sources:
        assert check_report(report, sources) == []
