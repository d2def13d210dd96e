"""A report says what its sources say, can be checked from the pictures on, and steers nobody's browser."""

import base64
import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main
from explorer.core.index import build_index
from explorer.core.network import open_network
from explorer.core.progress import no_step
from explorer.core.report import Sources, evidence_report, open_sources
from explorer.core.report.check import differences, read_report
from explorer.core.report.page import page, read_said
from explorer.core.report.tiles import tiles
from explorer.core.suggestions.chart import Bar, Bars, Chart
from explorer.core.tag_store import save_tags
from explorer.core.tags import FilterKey, TagBook
from tests.conftest import ROOT

MODEL = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
NAME = 'a "b" <i> & {{ c }}.jpg'


class Elements(HTMLParser):
    """The elements of a page, and the text in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, their index, tags of two filters, and the report on them."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "pictures").mkdir()
    for number, picture in enumerate(sorted((ROOT / "resources" / "demo" / "pictures").rglob("*.jpg"))[:10]):
        shutil.copy(picture, folder / "pictures" / (NAME if number == 0 else picture.name))
    network = open_network(MODEL)
    shutil.copy(ROOT / "resources" / "demo" / "pictures" / "labels.csv", folder)
    build_index(network, folder / "pictures", folder / "index.h5", labels=folder / "labels.csv")
    book = TagBook(network.digest, network.name, "", [(layer.name, layer.filters) for layer in network.layers])
    chart = Chart(
        (Bars("mean answer", (Bar(f"rim {HOSTILE}"[:60], 0.5, True), Bar("skin", 0.1))),), (0.5,) * 8, (0.2,) * 8
    )
    book.add(
        FilterKey(7, 57), "border", detail="bottom", note=HOSTILE, annotator="Zoë", created="2026-11-28T08:00:00Z",
        evidence={"suggestion": {"chart": chart.as_values()}},
    )  # fmt: skip
    book.add(FilterKey(2, 3), "none", annotator="Zoë", created="2026-11-28T08:00:00Z")
    save_tags(folder / "tags.h5", book)
    with opened(folder) as sources:
        evidence_report(sources, folder / "report.html")
    return folder


def opened(folder: Path) -> Any:
    return open_sources(
        open_network(MODEL),
        folder / "pictures",
        folder / "index.h5",
        tags=folder / "tags.h5",
        labels=folder / "labels.csv",
        model=MODEL,
    )


@pytest.fixture
def sources(folder: Path) -> Iterator[Sources]:
    with opened(folder) as sources:
        yield sources


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("filters", 1, "silent_share"), 0.5),
        (("filters", 1, "tags", 0, "word"), "hair"),
        (("filters", 0, "pictures", "strongest", 0, "picture"), "another.jpg"),
        (("folder", "trained_on"), 3),
        (("decision", "unnamed"), 0.0),
    ],
)
def test_whatever_was_changed_is_named(folder: Path, path: tuple[str | int, ...], value: object) -> None:
    facts, changed = (read_report(folder / "report.html")["facts"] for _ in range(2))
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (found,) = differences(changed, facts)
    assert (found.reported, str(path[-1]) in found.place) == (value, True)


def test_a_number_may_differ_by_rounding_alone(folder: Path) -> None:
    facts, changed = (read_report(folder / "report.html")["facts"] for _ in range(2))
    scale = changed["filters"][0]["scale"]
    peak = scale["peak"]
    scale["peak"] = peak * 1.0005
    assert differences(changed, facts) == []
    scale["peak"] = peak * 1.01
    assert [one.place for one in differences(changed, facts)] == ["filters 2:3 scale peak"]


def test_names_and_notes_steer_nothing(folder: Path) -> None:
    html = (folder / "report.html").read_text("utf-8")
    page = Elements(html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert "alert(1)" in page.text
    assert NAME in page.text
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    sources = [attributes["src"] or "" for tag, attributes in page.elements if tag == "img"]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "http" not in html.replace("http-equiv", "")
    assert any(attributes.get("http-equiv") == "Content-Security-Policy" for _, attributes in page.elements)


def test_what_spoke_for_an_accepted_suggestion_is_drawn(folder: Path) -> None:
    html = (folder / "report.html").read_text()

    assert "<h4>What spoke for border, bottom</h4>" in html
    assert html.count('<rect class="own"') == 1
    assert html.count('<path class="own"') == 1
    assert "<td>skin</td>" in html


def test_its_own_commands_draw_its_pictures(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = read_report(folder / "report.html")
    monkeypatch.chdir(tmp_path)
    assert main(report["commands"]["index"][1:]) == 0
    page = Elements((folder / "report.html").read_text("utf-8"))
    shown = {attributes["alt"]: attributes["src"] or "" for tag, attributes in page.elements if tag == "img"}
    compared = 0
    for kind, words in report["commands"]["figures"]["7:57"].items():
        assert main(words[1:]) == 0
        folder_of_kind = Path("figures", f"7-57-{kind}")
        with (folder_of_kind / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
            files = {row["picture"]: row["file"] for row in csv.DictReader(file)}
        for one in report["facts"]["filters"][1]["pictures"][kind]:
            uri = shown[f"Filter 7:57 over {one['picture']}"]
            tile = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))), float)
            figure = np.asarray(Image.open(folder_of_kind / files[one["picture"]]).convert("RGB"), float)
            assert tile.shape == figure.shape
            assert np.abs(tile - figure).mean() < 3  # what JPEG takes
            compared += 1
    assert compared > 2


def test_it_says_what_muting_the_tagged_filters_does(folder: Path) -> None:
    facts = read_report(folder / "report.html")["facts"]
    (one,) = facts["muting"]["words"]
    assert (one["word"], one["filters"]) == ("border", ["7:57"])
    assert one["sentence"].startswith("muting the filter tagged border changes the AUC by ")
    assert "percentile" in one["sentence"]
    page = Elements((folder / "report.html").read_text("utf-8"))
    assert one["sentence"][1:] in " ".join(page.text.split())


def test_a_picture_that_is_another_by_now_is_not_drawn(folder: Path, sources: Sources, tmp_path: Path) -> None:
    images = tmp_path / "pictures"
    shutil.copytree(folder / "pictures", images)
    name = read_report(folder / "report.html")["facts"]["filters"][1]["pictures"]["strongest"][0]["picture"]
    Image.new("RGB", (224, 224)).save(images / name)
    facts = read_report(folder / "report.html")["facts"]["filters"]
    drawn = tiles(replace(sources, images=images), facts, no_step)
    assert drawn["7:57", name] == ""
    assert sum(uri.startswith("data:image/jpeg") for uri in drawn.values()) == len(drawn) - sum(
        picture == name for _, picture in drawn
    )


def test_without_tags_it_is_about_what_the_network_uses_most(sources: Sources, tmp_path: Path) -> None:
    evidence_report(Sources(sources.network, sources.index, TagBook(), sources.images), tmp_path / "r.html")
    facts = read_report(tmp_path / "r.html")["facts"]
    assert len(facts["filters"]) == 12
    assert facts["decision"]["unnamed"] == pytest.approx(facts["decision"]["carried"])


def test_the_command_checks_from_the_pictures_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--check", str(folder / "report.html")]) == 0
    assert "Everything is the same, computed from the pictures on." in capsys.readouterr().out
    html = (folder / "report.html").read_text("utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(html.replace('"annotator": "Zo\\u00eb"', '"annotator": "Eve"'), "utf-8")
    there = {"model": MODEL, "images": folder / "pictures", "tags": folder / "tags.h5", "labels": folder / "labels.csv"}
    files = [f"--{name}={path}" for name, path in there.items()]
    assert main(["report", "--check", str(changed), "--json", f"--index={folder / 'index.h5'}", *files]) == 1
    differences = json.loads(capsys.readouterr().out)["differences"]
    assert {one["place"].rpartition(" ")[2] for one in differences} == {"annotator"}
    assert {one["found"] for one in differences} == {"Zoë"}


def test_a_page_runs_no_code_and_is_no_guess(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html = (folder / "report.html").read_text("utf-8")
    page = tmp_path / "page.html"
    page.write_text(html.replace('"opening": []', '"opening": ["--architecture=evil.py:make"]'), "utf-8")
    assert main(["report", "--check", str(page)]) == 1
    assert "Code of a page is not run unasked" in capsys.readouterr().err
    page.write_text("<html>no report</html>")
    assert main(["report", "--check", str(page)]) == 1
    assert "is no report of this program" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report", f"--model={MODEL}", "--out", str(page)])


def test_findings_stand_in_whole_sentences(folder: Path) -> None:
    said = read_report(folder / "report.html")
    assert "It takes two classes with 10 pictures each" in said["facts"]["alarm"]["why_not"]
    rests = {"with_of_class": ["a.jpg"], "with_of_others": [HOSTILE], "without_of_class": [], "without_of_others": []}
    finding = {"phrase": "rulers", "of_class": "melanoma", "words": "Worth a look: rulers.", "rests": rests}
    said["facts"]["alarm"] = {"sentence": "1 thing worth a look.", "findings": [finding]}
    said.pop("format")
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    html = page(said, dict.fromkeys(pictures, ""))
    assert "Worth a look: rulers." in Elements(html).text
    assert HOSTILE not in html
    assert read_said(html, "page")["facts"]["alarm"]["findings"] == [finding]


def each(pictures: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for chosen in pictures.values() for one in chosen]
