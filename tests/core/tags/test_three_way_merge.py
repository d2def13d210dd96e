import h5py
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import book_of, image_of, save_tags
from explorer.core.tags.hdf5_subprocess import read_columns
from explorer.core.tags.lineage import MOST_WRITERS, Lineage
from explorer.core.tags.three_way_merge import three_way

KEY = FilterKey(0, 0)
NAMES = st.tuples(st.sampled_from(["hair", "border", "none"]), st.sampled_from(["Ann", "Ben"]), st.integers(1, 3))
BOOKS = st.lists(NAMES, max_size=5).map(lambda names: book(*names))


def book(*tags: tuple[str, str, int]) -> TagBook:
    made = TagBook("digest")
    for word, annotator, day in tags:
        made.add(KEY, word, annotator=annotator, created=f"2026-01-0{day}")
    return made


def words(of: TagBook) -> list[tuple[str, str, str]]:
    return [(tag.tag, tag.annotator, tag.created[9:10]) for tag in of.tags(KEY)]


def test_changes_of_both_sides_come_together():
    base = book(("hair", "Ann", 1), ("border", "Ben", 1))
    ours = book(("border", "Ben", 1), ("color", "Ann", 2))  # hair taken away, color given
    theirs = book(("hair", "Ann", 1), ("artifact", "Ben", 2))  # border taken away, artifact given
    assert words(three_way(base, ours, theirs)) == [("artifact", "Ben", "2"), ("color", "Ann", "2")]


def test_a_tag_that_one_changed_and_the_other_took_away_stays():
    base, changed = book(("hair", "Ann", 1)), book(("hair", "Ann", 2))
    assert words(three_way(base, changed, book())) == words(three_way(base, book(), changed)) == [("hair", "Ann", "2")]


def test_of_two_changes_the_newer_stays():
    base, older, newer = book(("hair", "Ann", 1)), book(("hair", "Ann", 2)), book(("hair", "Ann", 3))
    assert words(three_way(base, older, newer)) == words(three_way(base, newer, older)) == [("hair", "Ann", "3")]


def test_what_an_older_file_lacks_was_not_taken_away():
    base = book(("hair", "Ann", 1))
    assert words(three_way(base, base, book())) == []
    assert words(three_way(base, base, book(), removals=False)) == [("hair", "Ann", "1")]


@settings(max_examples=80)
@given(BOOKS, BOOKS, BOOKS)
def test_merging_is_fair_and_repeats_nothing(base, ours, theirs):
    merged = three_way(base, ours, theirs)
    assert merged == three_way(base, theirs, ours)
    assert three_way(base, ours, base) == ours
    assert three_way(base, base, theirs) == theirs
    assert three_way(ours, ours, ours) == ours
    kept = three_way(base, ours, theirs, removals=False)
    words_of = [{name[:2] for name in words(one) if name[0] != "none"} for one in (base, ours, theirs, kept)]
    assert words_of[3] >= words_of[2] - words_of[0]
    assert words_of[3] >= words_of[1] - (words_of[0] & words_of[2])
    assert words_of[3] <= words_of[1] | words_of[2]


def test_a_file_knows_the_saves_that_it_was_made_from(tmp_path):
    first = book(("hair", "Ann", 1))
    save_tags(tmp_path / "t.h5", first)
    second = book_of(read_columns((tmp_path / "t.h5").read_bytes()))
    assert (second.lineage.generation, second.lineage.descends(first.lineage)) == (1, True)
    save_tags(tmp_path / "t.h5", second)
    assert second.lineage.descends(first.lineage)
    assert not first.lineage.descends(second.lineage)
    save_tags(tmp_path / "t.h5", first)  # without having seen the second
    assert (first.lineage.generation, second.lineage.generation) == (2, 2)
    assert not first.lineage.descends(second.lineage)
    assert not second.lineage.descends(first.lineage)
    assert first.lineage.over(second.lineage).descends(second.lineage)


def test_an_unknown_lineage_proves_nothing():
    known = Lineage().next()
    assert not Lineage().descends(Lineage())
    assert not Lineage().descends(known)
    assert not known.descends(Lineage())


def test_senseless_lineages_count_as_unknown_and_never_refuse_the_tags():
    for generation, writers in [(0, "{}"), (-1, "{}"), (1.5, "{}"), ("x", "{}"), (1, "["), (1, '{"a": "b"}'), (1, 7)]:
        image = image_of(book(("hair", "Ann", 1)))
        with h5py.File("x", "w", driver="core", backing_store=False) as file:
            with h5py.File(h5py.h5f.open_file_image(image)) as old:
                old.copy(old["tags"], file)
                for name, value in old.attrs.items():
                    file.attrs[name] = value
            file.attrs["generation"], file.attrs["writers"] = generation, writers
            file.flush()
            spoiled = book_of(read_columns(file.id.get_file_image()))
        assert spoiled.total == 1
        assert not spoiled.lineage.descends(spoiled.lineage)
    many = "{" + ", ".join(f'"{number}": 1' for number in range(MOST_WRITERS + 1)) + "}"
    assert Lineage.of(1, many, "").generation == 0


def test_only_the_latest_writers_are_kept():
    lineage = Lineage()
    for _ in range(MOST_WRITERS + 10):
        before = lineage
        lineage = Lineage(lineage.generation, lineage.writers).next()
        assert lineage.descends(before) == (before.generation > 0)
    assert len(lineage.writers) == MOST_WRITERS
