import csv
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.csv_exchange import COLUMNS, ImportReport, compare, export_csv, import_csv, merge

LAYERS = (("features.0", 8), ("features.17", 64))
KEY = FilterKey(1, 8)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=15)
WORDS = st.sampled_from(["border", "hair", "none", 'a, "b"', "=1+1", "شعر", "Ü;\u2028x"])
ROWS = st.lists(
    st.tuples(
        st.builds(FilterKey, st.integers(0, 1), st.integers(0, 3)),
        WORDS,
        st.fixed_dictionaries(
            {
                "annotator": st.one_of(st.sampled_from(["me", "you"]), TEXT),
                "detail": TEXT,
                "note": TEXT,
                "confidence": st.one_of(st.just(math.nan), st.floats(0, 1, width=32)),
                "evidence": st.sampled_from([{}, {"picture": 'a "b".jpg', "box": [1, 2, 3, 4.5]}]),
                "created": st.sampled_from(["2026-01-01", "2026-01-02"]),
            }
        ),
    ),
    max_size=8,
)


def book_of(rows) -> TagBook:
    book = TagBook("digest", "net", "scratch", LAYERS)
    for key, word, values in rows:
        book.add(key, word, **values)
    return book


def write(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "in.csv"
    path.write_bytes(text.encode(encoding))
    return path


@settings(max_examples=80)
@given(ROWS)
def test_a_csv_brings_back_every_tag(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    book = book_of(rows)
    assert export_csv(book, path) == book.total
    again = TagBook("digest", "net", "scratch", LAYERS)
    assert import_csv(path, again) == ImportReport(added=book.total)
    assert again == book
    assert import_csv(path, again) == ImportReport(unchanged=book.total)


def test_anyone_reads_the_csv(tmp_path):
    book = TagBook()
    book.add(KEY, "hair", annotator="Zoë", note="two\nlines", confidence=0.8, created="2026-01-01")
    export_csv(book, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert list(rows[0].values()) == [
        "1",
        "8",
        "hair",
        "",
        "two\nlines",
        "Zoë",
        "2026-01-01T00:00:00Z",
        "0.8",
        "",
        "",
    ]


def test_what_needs_review_comes_back_from_the_csv(tmp_path):
    book, again = TagBook(), TagBook()
    book.add(KEY, "hair", annotator="Zoë", needs_review=True)
    export_csv(book, tmp_path / "out.csv")
    assert import_csv(tmp_path / "out.csv", again).added == 1
    assert again == book
    assert again.tags(KEY)[0].needs_review
    (tmp_path / "out.csv").write_text("layer,filter,tag,annotator,detail\n1,8,hair,Zoë,thin\n", "utf-8")
    assert import_csv(tmp_path / "out.csv", again).changed == 1  # the table knows nothing of review
    assert (again.tags(KEY)[0].detail, again.tags(KEY)[0].needs_review) == ("thin", True)
    (tmp_path / "out.csv").write_text("layer,filter,tag,needs_review\n1,8,hair,perhaps\n")
    assert "perhaps" in import_csv(tmp_path / "out.csv", TagBook()).problems[0][1]


def test_refused_rows_are_named_with_their_lines(tmp_path):
    text = (
        'layer,filter,tag,note,mood\n1,8,hair,"two\nlines",\n9,0,hair,,\n1,64,hair,,\nx,8,hair,,\n1,9,,,\n'
        "1,10,border,,,,\n\n1,11\n1,8,none,,\n1,12,color\n"
    )
    book = TagBook(layers=LAYERS)
    report = import_csv(write(tmp_path, text), book)
    assert (report.added, report.changed, report.unchanged) == (2, 0, 0)
    assert [line for line, _ in report.problems] == [1, 4, 5, 6, 7, 8, 10, 11]
    why = dict(report.problems)
    assert '"mood"' in why[1]
    assert "no filter 9:0" in why[4]
    assert "no filter 1:64" in why[5]
    assert "none" in why[11]
    assert [(str(key), tag.tag) for key, tag in book.entries()] == [("1:8", "hair"), ("1:12", "color")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables_of_office_programs_are_understood(tmp_path, separator, encoding):
    book = TagBook()
    lines = [["Layer", "Filter", "Tag", "Annotator"], ["1", "8", "skin type", "Zoë"]]
    import_csv(write(tmp_path, "\r\n".join(separator.join(line) for line in lines), encoding), book)
    assert [(tag.tag, tag.annotator) for tag in book.tags(KEY)] == [("skin type", "Zoë")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "utf-8"),
        ("a,b,c\n1,2,3\n", "utf-8"),
        ("layer,filter,tag,tag\n1,8,hair,hair\n", "utf-8"),
        ('layer,filter,tag\n1,8,hair\n1,9,"ha"ir\n', "utf-8"),
        ('layer,filter,tag\n1,8,hair\n1,9,"hair\n', "utf-8"),
        ("layer,filter,tag\n1,8,Muttermal ü\n", "latin-1"),
        ("layer,filter,tag\n1,8,hair\n", "utf-16"),
        ("layer,filter,tag\n1,8,hair\n1,9," + "x" * 200_000, "utf-8"),
    ],
)
def test_what_is_no_table_of_tags_changes_nothing(tmp_path, text, encoding):
    book = TagBook()
    with pytest.raises(UserError):
        import_csv(write(tmp_path, text, encoding), book)
    assert book == TagBook()


def test_an_import_keeps_the_newer_tag(tmp_path):
    book = TagBook()
    book.add(KEY, "hair", annotator="me", detail="dark", created="2026-02-01")
    head = "layer,filter,tag,annotator,detail,created\n1,8,hair,me,"
    assert import_csv(write(tmp_path, f"{head}old,2026-01-01\n"), book) == ImportReport(unchanged=1)
    assert import_csv(write(tmp_path, f"{head}dark,\n"), book) == ImportReport(unchanged=1)
    assert [tag.detail for tag in book.tags(KEY)] == ["dark"]
    assert import_csv(write(tmp_path, f"{head}new,2026-03-01\n"), book) == ImportReport(changed=1)
    assert [tag.detail for tag in book.tags(KEY)] == ["new"]


def test_missing_files_and_folders_are_said(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        import_csv(tmp_path / "no.csv", TagBook())
    with pytest.raises(UserError, match="cannot be read"):
        import_csv(tmp_path, TagBook())
    with pytest.raises(UserError, match="folder is gone"):
        export_csv(TagBook(), tmp_path / "no" / "out.csv")


# Few filters, words and annotators, so that two books often speak of the same tag.
CLOSE = st.lists(
    st.tuples(
        st.sampled_from([KEY, FilterKey(0, 0)]),
        st.sampled_from(["hair", "border", "none"]),
        st.fixed_dictionaries(
            {
                "annotator": st.sampled_from(["me", "you"]),
                "detail": st.sampled_from(["", "dark", "pale"]),
                "confidence": st.sampled_from([math.nan, 0.0, 0.5]),
                "created": st.sampled_from(["2026-01-01", "2026-01-02"]),
            }
        ),
    ),
    max_size=6,
)


@settings(max_examples=80)
@given(CLOSE, CLOSE, CLOSE)
def test_merging_does_not_depend_on_order_or_repetition(first, second, third):
    one, two, three = map(book_of, (first, second, third))
    both = merge(one, two)
    assert merge(one, one) == one
    assert both == merge(two, one)
    assert merge(both, two) == both
    assert merge(both, three) == merge(one, merge(two, three))
    named = {(key, tag.annotator, tag.tag) for book in (one, two) for key, tag in book.entries() if tag.tag != "none"}
    assert named <= {(key, tag.annotator, tag.tag) for key, tag in both.entries()}


def test_the_newer_tag_wins_and_a_word_wins_over_none():
    first, second = TagBook(), TagBook()
    first.add(KEY, "hair", annotator="me", detail="old", created="2026-01-01")
    second.add(KEY, "hair", annotator="me", detail="new", created="2026-01-02")
    first.add(KEY, "none", annotator="you", created="2026-01-03")
    second.add(KEY, "color", annotator="you", created="2026-01-01")
    for merged in (merge(first, second), merge(second, first)):
        said = [(tag.tag, tag.detail, tag.annotator) for tag in merged.tags(KEY)]
        assert said == [("color", "", "you"), ("hair", "new", "me")]


def test_different_networks_are_merged_only_when_told():
    first, second = TagBook("aaa", "one.pt", "", LAYERS), TagBook("bbb", "two.pt", "", LAYERS)
    second.add(KEY, "hair")
    with pytest.raises(UserError, match=r"one\.pt \(aaa\) and two\.pt \(bbb\)"):
        merge(first, second)
    merged = merge(first, second, different_networks=True)
    assert (merged.network_name, merged.total) == ("one.pt", 1)
    with pytest.raises(UserError, match="different layers"):
        merge(first, TagBook("aaa", "one.pt", "", LAYERS[:1]))


def test_agreement_counts_filters_by_their_words():
    first, second = TagBook(), TagBook()
    for number, words in enumerate((("hair",), ("hair", "color"), ("hair",), ("none",))):
        for word in words:
            first.add(FilterKey(0, number), word, annotator="me", detail="dark")
    for number, words in enumerate((("hair",), ("hair",), (), ("border",), ("color",))):
        for word in words:
            second.add(FilterKey(0, number), word, annotator="you")
    result = compare(first, second)
    assert (result.agreed, result.disagreed, result.only_first, result.only_second) == (1, 2, 1, 1)
    assert [str(key) for key in result.disagreements] == ["0:1", "0:3"]
