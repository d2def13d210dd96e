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

from explorer import cli
from explorer.cli import main
from explorer.core.alarm import Asked, presence
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, build_index
from explorer.core.network import open_network
from explorer.core.progress import no_step
from explorer.core.report import Sources, check, evidence_report, open_sources, sections, suggested, write
from explorer.core.report.check import check_report, read_report
from explorer.core.report.commands import commands_of
from explorer.core.report.difference import differences
from explorer.core.report.page import page, read_said
from explorer.core.report.sections import decision_facts, muting_facts, network_facts
from explorer.core.report.suggested import suggestion_facts
from explorer.core.report.tiles import tiles
from explorer.core.suggestions.chart import Bar, Bars, Chart
from explorer.core.suggestions.rejected import write_rejected
from explorer.core.suggestions.suggestion import HeldOut, Suggestion, Suggestions
from explorer.core.tag_store import save_tags
from explorer.core.tags import FilterKey, TagBook
from tests.conftest import ROOT
from trainer.measures.bootstrap import Measure
from trainer.measures.spoken import signed, within

MODEL = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
NAME = 'a "b", <i> & {{ c }}.jpg'


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


@pytest.fixture(scope="module", autouse=True)
def _without_suggesting() -> Iterator[None]:
    """Suggesting anew takes minutes; how a report tells it is tried with what was made up."""

    def unasked(*asked: object, **how: object) -> Suggestions:
        raise UserError("Nothing is suggested here.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(suggested, "suggest", unasked)
        yield


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


def test_a_file_that_the_report_rests_on_and_nobody_gives_is_named(
    folder: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = read_report(folder / "report.html")
    monkeypatch.setattr(check, "facts_of", lambda *asked: report["facts"])
    assert check_report(report, sources) == []
    files = {name: path for name, path in sources.files.items() if name not in ("labels", "model")}
    (missing,) = check_report(report, replace(sources, files=files))
    assert (missing.place, missing.reported) == ("the file of --labels", report["digests"]["labels"])
    assert str(missing).endswith("it is not given")
    gone = replace(sources, files={**sources.files, "tags": folder / "gone.h5"})
    assert [str(one).partition(":")[0] for one in check_report(report, gone)] == ["the file of --tags"]
    more = {**report, "digests": {name: digest for name, digest in report["digests"].items() if name != "labels"}}
    added, on_page = check_report(more, sources)
    assert on_page.place == 'the page, under "How this was made"'
    assert str(added).startswith("the file of --labels: the report says not given, it is ")


def test_what_a_person_reads_is_checked_as_the_numbers_inside(
    folder: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentence, look, picture and command of the page itself, while the facts inside stay as they are."""
    report = read_report(folder / "report.html")
    monkeypatch.setattr(check, "facts_of", lambda *asked: report["facts"])
    html, sentence = report["html"], report["facts"]["muting"]["words"][0]["sentence"][1:]

    def changed(before: str, after: str) -> list[check.Difference]:
        assert before in html
        return check_report({**report, "html": html.replace(before, after, 1)}, sources)

    (one,) = changed(sentence, "uting the filter changes the AUC by -0.914")
    assert one.place == 'the page, under "border: 7:57"'
    assert "AUC by -0.914" in one.reported
    assert sentence in one.found
    (added,) = changed("<h2>Worth a look</h2>", "<h2>Worth a look</h2>\n<p>Nothing was found.</p>")
    assert (added.reported, added.found) == ('"Nothing was found."', "nothing")
    (hidden,) = changed('<p class="worth">', '<p class="worth" style="display: none">')
    assert "display: none" in hidden.reported
    (command,) = changed("--random-on=100", "--random-on=3")
    assert "--random-on=3" in command.reported
    tiles = sorted({src for tag, at in Elements(html).elements if tag == "img" and (src := at["src"])})
    (picture,) = changed(tiles[0], tiles[1])
    assert str(picture).startswith('the picture "Filter ')
    slight = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(tiles[0].partition(",")[2]))).save(slight, "JPEG", quality=93)
    assert changed(tiles[0], f"data:image/jpeg;base64,{base64.b64encode(slight.getvalue()).decode()}") == []


def test_a_page_with_words_that_a_person_decided_stands_the_check(
    folder: Path, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = read_report(folder / "report.html")["facts"]
    for module in (check, write):
        monkeypatch.setattr(module, "facts_of", lambda *asked: facts)
    evidence_report(replace(sources, words_file=tmp_path / "words.json"), tmp_path / "report.html")
    report = read_report(tmp_path / "report.html")
    assert f"--words={tmp_path / 'words.json'}" in report["commands"]["numbers"]["evaluation"]
    assert check_report(report, sources) == []


def test_the_page_of_another_version_is_not_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = (folder / "report.html").read_text("utf-8")
    html = html.replace('"feature-map-explorer": "', '"feature-map-explorer": "0.0.')
    (tmp_path / "old.html").write_text(html.replace('"rank": ', '"rank_then": '), "utf-8")
    there = {"model": MODEL, "images": folder / "pictures", "tags": folder / "tags.h5", "labels": folder / "labels.csv"}
    files = [f"--{name}={path}" for name, path in there.items()]
    assert main(["report", "--check", str(tmp_path / "old.html"), f"--index={folder / 'index.h5'}", *files]) == 1
    said = capsys.readouterr().out
    assert "Its page is of another version of this program (0.0." in said
    assert "rank_then: the report says" in said
    assert "rank: the report says nothing" not in said, "what the other version did not say yet is no difference"


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
    drawn_by = report["commands"]["figures"]["7:57"]
    assert main(drawn_by.pop("card")[1:]) == 0
    assert [path.suffix for path in Path("cards", "7-57").iterdir() if path.suffix == ".png"] == [".png"]
    for kind, words in drawn_by.items():
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


def test_its_own_commands_make_its_numbers(
    folder: Path, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = read_report(folder / "report.html")
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "index.h5", "index.h5")
    shutil.copytree(folder / "index.parts", "index.parts")
    muted = report["facts"]["muting"]["words"][0]
    assert main([*report["commands"]["numbers"]["muting border"][1:], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: found[name] for name in muted if name in found} == {
        name: muted[name] for name in muted if name in found
    }
    assert {"sentence", "mean_auc", "random", "with_and_without"} <= set(muted) & set(found)
    assert main([*report["commands"]["numbers"]["evaluation"][1:], "--json"]) == 0
    found, predictions = json.loads(capsys.readouterr().out), report["facts"]["evaluation"]
    same = set(predictions) & set(found) - {"words"}
    assert {name: found[name] for name in same} == {name: predictions[name] for name in same}
    assert {"auc", "confusion", "left_out", "calibration_error"} <= same
    assert main([*report["commands"]["numbers"]["decision"][1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decision"] == report["facts"]["decision"]
    facts = {**report["facts"], "alarm": {"findings": []}, "suggestions": {"filters": []}}
    numbers = commands_of(sources, facts)["numbers"]
    assert main(numbers["alarm"][1:]) == 1
    why_not = report["facts"]["alarm"]["why_not"]
    assert why_not in " ".join(capsys.readouterr().err.split()), "it is the same question"
    assert cli.parser().parse_args(numbers["suggestions"][1:]).labels == folder / "labels.csv"
    decided = commands_of(replace(sources, words_file=tmp_path / "w.json"), facts)["numbers"]
    assert {name for name, words in decided.items() if f"--words={tmp_path / 'w.json'}" in words} == {
        "evaluation",
        "muting border",
        "alarm",
    }


def test_what_a_person_said_of_pictures_counts_and_is_checked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is found in these pictures, so that every difference comes from the list."""
    monkeypatch.setattr(presence, "picture_table", nothing_found)
    network = open_network(MODEL)
    book = TagBook(network.digest, network.name, "", [(layer.name, layer.filters) for layer in network.layers])
    book.add(FilterKey(7, 5), "hair")
    save_tags(tmp_path / "tags.h5", book)
    files = {"tags": tmp_path / "tags.h5", "labels": folder / "labels.csv", "model": MODEL}
    with open_sources(network, folder / "pictures", folder / "index.h5", **files) as sources:
        assert muting_facts(sources, no_step)["words"][0]["with_and_without"] is None
        names, given = sources.index.pictures, sources.index.given
    lists = tmp_path / "seen.csv"
    rows = [
        f"{Path(name).stem},{place % 3 % 2}" for place, name in enumerate(names) if "," not in name and '"' not in name
    ]
    lists.write_text("\n".join(["image,hair", *rows]), "utf-8")
    with open_sources(network, folder / "pictures", folder / "index.h5", artifacts=lists, **files) as sources:
        facts = muting_facts(sources, no_step)["words"][0]
        assert sources.digests()["artifacts"]
        commands = commands_of(sources, {**read_report(folder / "report.html")["facts"], "muting": {"words": [facts]}})
    found = facts["with_and_without"]
    assert sum(found["with_it"].values()) == sum(row.endswith(",1") for row in rows)
    assert sum(found["without_it"].values()) == sum(map(bool, given)) - sum(found["with_it"].values())
    assert f"--artifacts={lists}" in commands["numbers"]["muting hair"]
    assert any("Pictures with hair" in note for note in facts["notes"])


def nothing_found(index: FolderIndex, *asked: object, **how: object) -> dict[str, np.ndarray]:
    return {"hair": np.zeros(len(index.pictures))}


def test_accepted_suggestions_are_made_again(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    now = Suggestion(FilterKey(7, 5), "hair", "", 2.0, "2.0 times on hair", "hair", 2.0, 0.8, 0.7, 0.9, 0.01, 12)
    now = replace(now, held_out=HeldOut(0.75, 0.6, 0.9, 0.02, 6))
    monkeypatch.setattr(suggested, "suggest", lambda *asked, **how: Suggestions((now,), {"pictures": 18}))
    book = TagBook()
    assert "why_not" in suggestion_facts(replace(sources, book=book), no_step)
    book.add(FilterKey(7, 5), "hair", evidence={"suggestion": {"reason": "2.0 times on hair"}})
    facts = suggestion_facts(replace(sources, book=book), no_step)
    (one,) = facts["filters"]
    assert (one["by_hand"], one["rejected"]) == ([], "")
    assert (one["filter"], one["accepted"], one["tag"], one["held_out"]["n"]) == ("7:5", ["hair"], "hair", 6)
    said = read_report(Path(sources.files["tags"]).with_name("report.html"))
    said["facts"]["suggestions"] = facts
    said.pop("format")
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    text = " ".join(Elements(page(said, dict.fromkeys(pictures, ""))).text.split())
    assert "0.750 [0.600, 0.900] of 6" in text
    moved = json.loads(json.dumps(said["facts"]))
    moved["suggestions"]["filters"][0]["held_out"]["effect"] = 0.5
    assert [found.place for found in differences(moved, said["facts"])] == ["suggestions filters 7:5 held_out effect"]


def test_what_became_of_other_suggestions_is_told(
    folder: Path, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter tagged by hand against its suggestion, and one whose suggestion was rejected."""
    now = Suggestion(FilterKey(7, 5), "hair", "", 2.0, "2.0 times on hair", "hair", 2.0, 0.8, 0.7, 0.9, 0.01, 12)
    rows = (now, replace(now, key=FilterKey(7, 6)))
    monkeypatch.setattr(suggested, "suggest", lambda *asked, **how: Suggestions(rows, {"pictures": 18}))
    write_rejected(tmp_path / "rejected.csv", {FilterKey(7, 6): "hair", FilterKey(7, 9): "ruler"})
    network = sources.network
    with open_sources(
        network, sources.images, folder / "index.h5", rejected=tmp_path / "rejected.csv", model=MODEL
    ) as opened:
        book = TagBook()
        book.add(FilterKey(7, 5), "border")
        facts = suggestion_facts(replace(opened, book=book), no_step)
        assert opened.digests()["rejected"]
    told = [(one["filter"], one["by_hand"], one["rejected"], one["tag"]) for one in facts["filters"]]
    assert told == [("7:5", ["border"], "", "hair"), ("7:6", [], "hair", "hair"), ("7:9", [], "ruler", "")]
    said = read_report(folder / "report.html")
    said["facts"]["suggestions"] = facts
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    html = page(said, dict.fromkeys(pictures, ""))
    assert '<td class="long">ruler</td>' in html
    write_rejected(tmp_path / "rejected.csv", {FilterKey(99, 6): "hair"})
    with (
        pytest.raises(UserError, match="no filter 99:6"),
        open_sources(network, sources.images, folder / "index.h5", rejected=tmp_path / "rejected.csv"),
    ):
        pass


def test_a_network_that_is_muted_in_its_file_is_called_so(folder: Path, sources: Sources) -> None:
    record = {"filters": ["7:2", "7:5"], "fill": {"zero": ["7:2"], "constant": ["7:5"]}, "of": "demo", "digest": "d"}
    muted = replace(sources.network, training={**sources.network.training, "muted": record})
    said = read_report(folder / "report.html")
    assert said["facts"]["network"]["muted"] == {}
    said["facts"]["network"] = network_facts(replace(sources, network=muted), no_step)
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    text = " ".join(Elements(page(said, dict.fromkeys(pictures, ""))).text.split())
    assert "Not the trained network demo: 2 filters are muted in this file (7:2, 7:5)." in text
    assert "Muted in this file, and what stands for the map: 7:2 (zero), 7:5 (constant)." in text


def test_it_says_what_muting_the_tagged_filters_does(folder: Path) -> None:
    facts = read_report(folder / "report.html")["facts"]
    (one,) = facts["muting"]["words"]
    assert (one["word"], one["filters"]) == ("border", ["7:57"])
    assert one["sentence"].startswith("muting the filter tagged border changes the AUC by ")
    assert "percentile" in one["sentence"]
    page = Elements((folder / "report.html").read_text("utf-8"))
    assert one["sentence"][1:] in " ".join(page.text.split())


def test_a_word_whose_muting_cannot_be_measured_takes_no_other_with_it(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = TagBook()
    for word in ("border", "color", "hair"):
        book.add(FilterKey(7, 57), word, annotator="Zoë")
    measured = sections.muting_effect

    def fails_of_color(*asked: Any, options: Any, **how: Any) -> Any:
        calls.append(options)
        if len(calls) == 2:
            raise UserError("The disk is full.")
        return measured(*asked, options=options, **how)

    calls: list[Any] = []
    monkeypatch.setattr(sections, "muting_effect", fails_of_color)
    facts = muting_facts(replace(sources, book=book), no_step)
    assert [muted["word"] for muted in facts["words"]] == ["border", "hair"]
    assert facts["left_out"] == [{"word": "color", "why_not": "The disk is full."}]


def test_a_picture_with_a_comma_in_its_name_is_drawn_again(
    folder: Path, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = read_report(folder / "report.html")["facts"]
    (tagged,) = (one for one in facts["filters"] if one["filter"] == "7:57")
    tagged["pictures"]["strongest"] = [{"picture": NAME}]
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "index.h5", "index.h5")
    shutil.copytree(folder / "index.parts", "index.parts")
    assert main(commands_of(sources, facts)["figures"]["7:57"]["strongest"][1:]) == 0
    with Path("figures", "7-57-strongest", "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["picture"] for row in csv.DictReader(file)] == [NAME]


def test_a_word_is_one_whatever_its_case(sources: Sources) -> None:
    """As `mute --tag` takes it: the command of a section makes its numbers."""
    book = TagBook()
    for filter_index, word in enumerate(("Hair", "hair", "hair", "None")):
        book.add(FilterKey(7, 56 + filter_index), word, annotator="Zoë")
    sources = replace(sources, book=book)
    (one,) = muting_facts(sources, no_step)["words"]
    assert (one["word"], one["filters"], one["artifact"]["artifact"]) == ("hair", ["7:56", "7:57", "7:58"], "hair")
    assert {share["word"] for share in decision_facts(sources, no_step)["shares"]} <= {"hair", "None"}


def test_what_a_drawn_artifact_does_stands_with_its_interval(folder: Path, sources: Sources) -> None:
    book = TagBook()
    book.add(FilterKey(7, 57), "hair", annotator="Zoë")
    said = read_report(folder / "report.html")
    said["facts"]["muting"] = muting_facts(replace(sources, book=book), no_step)
    drawn = said["facts"]["muting"]["words"][0]["artifact"]["change"]
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    html = page(said, dict.fromkeys(pictures, ""))
    cells = ("drawn hair, logits", signed(drawn["value"]), within(drawn["low"], drawn["high"]))
    assert all(f'<td class="long">{cell}</td>' in html for cell in cells)


def test_without_a_table_the_lesions_are_those_of_the_index(sources: Sources) -> None:
    sources.index.__dict__["lesions"] = {"a.jpg": "L1"}
    assert replace(sources, labels=None).lesions == {"a.jpg": "L1"}


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
    assert "where 10 pictures are of the class and 10 are not; here are " in said["facts"]["alarm"]["why_not"]
    rests = {"with_of_class": ["a.jpg"], "with_of_others": [HOSTILE], "without_of_class": [], "without_of_others": []}
    finding = {"phrase": "rulers", "of_class": "melanoma", "words": "Worth a look: rulers.", "rests": rests}
    measure, nothing = Measure(0.61, 0.52, 0.7, 80), Measure(float("nan"), float("nan"), float("nan"), 0)
    asked = [Asked("hair", "melanoma", 80, measure, None, nothing, 0.04, raised=False).as_dict()]
    said["facts"]["alarm"] = {
        "sentence": "1 thing worth a look.",
        "notes": ["p is corrected for the 16 questions asked here."],
        "asked": asked,
        "findings": [finding],
    }
    said.pop("format")
    pictures = [(one["filter"], name["picture"]) for one in said["facts"]["filters"] for name in each(one["pictures"])]
    html = page(said, dict.fromkeys(pictures, ""))
    text = " ".join(Elements(html).text.split())
    assert "Worth a look: rulers." in text
    assert "p is corrected for the 16 questions asked here." in text
    assert "All that was asked" in text
    assert "0.610 [0.520, 0.700]" in text
    assert HOSTILE not in html
    assert read_said(html, "page")["facts"]["alarm"]["findings"] == [finding]


def each(pictures: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for chosen in pictures.values() for one in chosen]
