import os
import threading
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.tags.vocabulary import Entry, add_word, read_vocabulary


def test_the_bundled_words_have_their_keys():
    vocabulary = read_vocabulary()
    assert [(entry.word, entry.key) for entry in vocabulary.entries] == [
        ("border", "B"),
        ("color", "C"),
        ("skin type", "S"),
        ("hair", "H"),
        ("artifact", "A"),
        ("none", "0"),
    ]
    assert {"left", "right", "top", "bottom"} <= set(vocabulary.entry("border").details)
    assert {"dark", "pale", "pink"} <= set(vocabulary.entry("color").details)
    assert {"ruler", "bubble", "reflection", "corner"} <= set(vocabulary.entry("artifact").details)
    for what in ("title", "color", "symbol", "description"):
        assert all(getattr(entry, what) for entry in vocabulary.entries)
    assert len({entry.symbol for entry in vocabulary.entries}) == 6, "nothing is said by color alone"


def test_words_have_their_keys_and_unknown_words_have_an_entry():
    vocabulary = read_vocabulary()
    assert vocabulary.entry("hair").key == "H"
    assert vocabulary.entry("globules") == Entry("globules", "Globules")


def test_a_person_adds_words_to_a_file_of_their_own(tmp_path):
    path = tmp_path / "new folder" / "words.toml"
    grown = add_word(path, Entry("globules", "Globules", "g", ("many", 'a "few"'), "Round\nthings \\ dots"))
    grown = add_word(path, Entry("vessels"))
    assert read_vocabulary(path) == grown
    assert grown.words[-2:] == ("globules", "vessels")
    assert grown.entry("globules").key == "G"
    assert path.read_text("utf-8").startswith("# Your own tags")
    assert [word["word"] for word in tomllib.loads(path.read_text("utf-8"))["tag"]] == ["globules", "vessels"]
    assert list(path.parent.iterdir()) == [path]


def test_what_a_person_wrote_into_the_file_stays(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('# my own remark\n[[tag]]\nword = "dots"  # see page 3', "utf-8")
    add_word(path, Entry("vessels"))
    assert "# my own remark" in path.read_text("utf-8")
    assert "# see page 3" in path.read_text("utf-8")


def test_a_known_word_only_gains_details(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('[[tag]]\nword = "hair"\ntitle = "X"\nkey = "B"\ndetails = ["white", "dark"]', "utf-8")
    hair, bundled = read_vocabulary(path).entry("hair"), read_vocabulary().entry("hair")
    assert hair.details == (*bundled.details, "white")
    assert (hair.title, hair.key) == (bundled.title, "H")


@settings(max_examples=60)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip),
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), max_size=3),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
)
def test_any_text_is_written_as_it_is(tmp_path_factory, word, details, description):
    path = tmp_path_factory.mktemp("words") / "words.toml"
    entry = Entry(f"my {word}", "", "", tuple(details), description)
    assert add_word(path, entry).entries[-1] == entry
    assert read_vocabulary(path).entries[-1] == entry


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"word": "x", "key": "H"}, 'the key H means "hair" already'),
        ({"word": "x", "key": "n"}, "the window uses the key N"),
        ({"word": "hair"}, '"hair" is there already'),
        ({"word": "x", "key": "0"}, 'the key 0 means "none" already'),
    ],
)
def test_keys_and_words_that_are_taken_are_refused(tmp_path, entry, says):
    with pytest.raises(UserError, match=says):
        add_word(tmp_path / "words.toml", Entry(**entry))
    assert list(tmp_path.iterdir()) == []


def test_the_window_may_reserve_more_keys(tmp_path):
    with pytest.raises(UserError, match="the window uses the key G"):
        add_word(tmp_path / "words.toml", Entry("globules", key="G"), reserved={"G"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"word": ""}, "needs a word"),
        ({"word": "a\nb"}, "control characters"),
        ({"word": "x", "key": "GG"}, 'key "GG" .* is not one letter'),
        ({"word": "x", "key": "?"}, r'key "\?" .* is not one letter'),
        ({"word": "x", "color": "red"}, 'color "red" .* as #rrggbb'),
    ],
)
def test_entries_that_no_window_could_show_are_refused(values, says):
    with pytest.raises(UserError, match=says):
        Entry(**values)


@pytest.mark.parametrize(
    "text",
    [
        "word =",
        "[tag]\nword = 'x'",
        "tag = 3",
        "tag = ['x']",
        "[[tag]]\ntitle = 'x'",
        "[[tag]]\nword = 3",
        "[[tag]]\nword = 'x'\nkey = 3",
        "[[tag]]\nword = 'x'\ndetails = 'y'",
        "[[tag]]\nword = 'x'\ndetails = [1]",
        "[[tag]]\nword = 'x'\ncolour = '#000000'",
        "[[tag]]\nword = 'x'\ncolor = 3",
        "[[tag]]\nword = 'x'\nkey = 'N'",
        "[[tag]]\nword = 'x'\nkey = 'G'\n[[tag]]\nword = 'y'\nkey = 'G'",
        "\0",
        f"x = {'9' * 5_000}",
        f"[[tag]]\nword = 'x'\nkey = {'9' * 5_000}",
        f"x = {'[' * 5_000}",
        f"x = {'{a=' * 5_000}",
        "x = 1979-99-99",
        f"{'a.' * 60_000}b = 1",
        "[[tag]]\nword = 'x'\n" * 1_000,
        f"[[tag]]\nword = 'x'\n{'c' * 5_000} = 1",
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_a_damaged_file_is_named_and_never_overwritten(tmp_path, text):
    path = tmp_path / "words.toml"
    path.write_text(text, "utf-8")
    for attempt in (lambda: read_vocabulary(path), lambda: add_word(path, Entry("vessels"))):
        with pytest.raises(UserError, match=r"words\.toml") as caught:
            attempt()
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)
    assert path.read_text("utf-8") == text


def test_files_that_cannot_be_read_or_written_are_said(tmp_path):
    (tmp_path / "words.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="cannot be read"):
        read_vocabulary(tmp_path / "words.toml")
    assert read_vocabulary(tmp_path / "missing.toml") == read_vocabulary()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file.words\.toml could not be saved.*a file has the name of its folder"):
        add_word(tmp_path / "file" / "words.toml", Entry("vessels"))
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_what_is_no_file_is_said_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    with open(tmp_path / "huge.toml", "wb") as file:
        file.truncate(1 << 40)
    for name in ("pipe.toml", "folder.toml", "huge.toml"):
        with pytest.raises(UserError, match=f"{name} cannot be read"):
            read_vocabulary(tmp_path / name)


def test_the_words_of_dermoscopy_come_with_one_line(tmp_path):
    own = tmp_path / "tags.toml"
    assert "globules" not in read_vocabulary(own).words
    own.write_text('dermoscopy = true\n\n[[tag]]\nword = "globules"\nkey = "W"\n')
    found = read_vocabulary(own)
    for word in ("pigment network", "dots", "streaks", "blue-white veil", "regression", "vessels", "milia-like cysts"):
        assert word in found.words
    assert found.entry("globules").key == "W"  # a person's own line stays, and gains the list's details
    assert "cobblestone" in found.entry("globules").details
    assert found.listed.words == (*read_vocabulary().words, "globules")
    assert found.word_of("  Blue-White VEIL ") == "blue-white veil"
    assert found.word_of("something else") == "something else"
    assert {entry.key for entry in found.entries if not entry.listed} == {""}
    own.write_text("dermoscopy = 'yes'\n")
    with pytest.raises(UserError, match="neither true nor false"):
        read_vocabulary(own)


def test_a_word_of_the_list_gets_a_key(tmp_path):
    own = tmp_path / "tags.toml"
    own.write_text("dermoscopy = true\n")
    add_word(own, Entry("vessels", key="w"))
    found = read_vocabulary(own)
    assert (found.entry("vessels").key, found.entry("vessels").listed) == ("W", True)


def test_two_windows_add_their_words_to_one_file(tmp_path):
    own = tmp_path / "tags.toml"
    words = [f"word {letter}" for letter in "abcdefgh"]
    threads = [threading.Thread(target=add_word, args=(own, Entry(word))) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(words) <= set(read_vocabulary(own).words)
