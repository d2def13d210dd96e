import contextlib
import json
import math
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.tags import hdf5_file as tag_store
from explorer.core.tags import hdf5_subprocess as tag_reader
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import NewerFormat, book_of, image_of, load_tags, save_tags
from explorer.core.tags.hdf5_subprocess import Damaged, read_columns
from tests.conftest import ROOT

ARCHIVE = ROOT / "tests" / "archives" / "tags_v1.h5"
LAYERS = (("features.0", 8), ("features.17", 64))


def small_book() -> TagBook:
    book = TagBook("ab" * 32, "demo.safetensors", "scratch", LAYERS)
    evidence = {"picture": "ISIC_0024306.jpg", "picture_digest": "00ff", "box": [10, 20, 8.5, 8.5]}
    book.add(FilterKey(1, 8), "hair", annotator="me", created="2026-01-02T03:04:05Z", evidence=evidence)
    book.add(
        FilterKey(1, 8), "artifact", annotator="Zoë 🦠", detail="ruler", note="links\nund ريش", created="2026-01-02",
        confidence=0.8,
    )  # fmt: skip
    book.add(FilterKey(0, 0), "none", annotator="me", created="2026-01-02T03:04:06Z")
    return book


@pytest.fixture
def saved(tmp_path) -> Path:
    path = tmp_path / "tags.h5"
    save_tags(path, small_book())
    return path


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A folder in which permissions count, also where the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    become, before = getattr(os, "seteuid", None), getattr(os, "geteuid", lambda: -1)()
    if before == 0 and become:
        os.chown(folder, 65534, -1)
        become(65534)
    try:
        yield folder
    finally:
        if before == 0 and become:
            become(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_the_archived_file_of_version_1_opens_forever():
    assert load_tags(ARCHIVE) == small_book()


def test_a_stranger_reads_the_file_with_h5py_alone(saved):
    with h5py.File(saved) as file:
        assert dict(file.attrs) | {"layers": 0, "writers": ""} == {
            "format": "feature-map-explorer tags",
            "version": 2,
            "network_digest": "ab" * 32,
            "network_name": "demo.safetensors",
            "architecture": "scratch",
            "layers": 0,
            "generation": 1,
            "writers": "",
        }
        assert json.loads(file.attrs["layers"])[1] == {"name": "features.17", "filters": 64}
        tags = file["tags"]
        assert (tags["layer"].dtype, tags["filter"].dtype, tags["confidence"].dtype) == (
            np.int32,
            np.int32,
            np.float32,
        )
        assert tags["layer"][:].tolist() == [0, 1, 1]
        assert tags["filter"][:].tolist() == [0, 8, 8]
        assert tags["tag"].asstr()[:].tolist() == ["none", "artifact", "hair"]
        assert tags["note"].asstr()[1] == "links\nund ريش"
        assert tags["annotator"].asstr()[1] == "Zoë 🦠"
        assert tags["created"].asstr()[2] == "2026-01-02T03:04:05Z"
        assert math.isnan(tags["confidence"][0])
        assert tags["confidence"][1] == np.float32(0.8)
        assert json.loads(tags["evidence"].asstr()[2])["box"] == [10, 20, 8.5, 8.5]
        for name in ("tag", "detail", "note", "annotator", "created", "evidence"):
            assert h5py.check_string_dtype(tags[name].dtype) == ("utf-8", None)


def test_what_is_saved_is_read_again(saved, tmp_path):
    assert load_tags(saved) == small_book()
    save_tags(tmp_path / "empty.h5", TagBook())
    assert load_tags(tmp_path / "empty.h5") == TagBook()
    book = small_book()  # one book: its history knows the second in which it was made
    assert image_of(book) == image_of(book.copy())


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
TAGS = st.fixed_dictionaries(
    {
        "tag": WORD,
        "detail": TEXT,
        "note": TEXT,
        "annotator": TEXT,
        "confidence": st.one_of(st.just(math.nan), st.floats(0, 1)),
        "evidence": st.dictionaries(
            st.text(max_size=5), st.one_of(st.text(max_size=9), st.integers(), st.none()), max_size=3
        ),
        "created": st.datetimes().map(lambda time: time.isoformat()),
    }
)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**31 - 1), TAGS), max_size=6), TEXT)
def test_any_text_survives(rows, name):
    book = TagBook("digest", name, "", [("a b", 2**31 - 1)] * 4)
    for layer, number, tag in rows:
        with contextlib.suppress(UserError):  # composing (NFC) may lengthen, and "picture" must be text
            book.add(FilterKey(layer, number), **tag)
    again = book_of(read_columns(image_of(book)))
    assert again == book
    assert image_of(again) == image_of(book)


def test_a_picture_whose_name_is_no_text_is_kept(tmp_path):
    book = TagBook(network_name="net\udcff.pt")
    book.add(FilterKey(0, 0), "hair", evidence={"picture": "bad\udcff.jpg"})
    save_tags(tmp_path / "tags.h5", book)
    assert load_tags(tmp_path / "tags.h5") == book
    assert book.network_name == "net?.pt"


def test_ten_thousand_tags(tmp_path):
    book = TagBook()
    for number in range(10_000):
        book.add(FilterKey(number // 512, number % 512), "hair", annotator="me", created="2026-01-02")
    save_tags(tmp_path / "tags.h5", book)
    assert load_tags(tmp_path / "tags.h5") == book


def test_the_previous_file_stays_beside_it(saved):
    first, book = saved.read_bytes(), small_book()
    for word in ("color", "border"):
        before = saved.read_bytes()
        book.add(FilterKey(0, 1), word)
        save_tags(saved, book)
        assert saved.with_name("tags.h5.bak").read_bytes() == before != saved.read_bytes()
    assert first != before
    assert sorted(path.name for path in saved.parent.iterdir()) == ["tags.h5", "tags.h5.bak"]


def test_the_previous_file_stays_where_links_are_unknown(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(PermissionError("no links here")))
    save_tags(saved, TagBook())
    assert saved.with_name("tags.h5.bak").read_bytes() == before
    assert sorted(path.name for path in saved.parent.iterdir()) == ["tags.h5", "tags.h5.bak"]


def test_a_kill_between_backup_and_renaming_is_no_trouble_later(saved):
    os.link(saved, saved.with_name("tags.h5.bak"))
    save_tags(saved, TagBook())
    assert load_tags(saved) == TagBook()
    assert load_tags(saved.with_name("tags.h5.bak")) == small_book()
    assert sorted(path.name for path in saved.parent.iterdir()) == ["tags.h5", "tags.h5.bak"]


@pytest.mark.skipif(os.name == "nt", reason="Windows makes links for administrators only, and knows no modes")
def test_links_are_followed_and_modes_kept(saved, tmp_path):
    link = tmp_path / "link.h5"
    link.symlink_to(saved)
    saved.chmod(0o640)
    save_tags(link, TagBook())
    assert link.is_symlink()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640
    assert load_tags(saved) == TagBook()


def test_short_writes_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:1000]))
    save_tags(tmp_path / "tags.h5", small_book())
    monkeypatch.undo()
    assert load_tags(tmp_path / "tags.h5") == small_book()


def test_a_file_that_does_not_read_back_is_not_saved(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(tag_store, "read_columns", lambda image: {})
    with pytest.raises(UserError, match="nothing was saved"):
        save_tags(saved, TagBook())
    assert saved.read_bytes() == before


FULL = """
import resource, signal, sys
from explorer.core.errors import UserError
from explorer.core.tags.hdf5_file import save_tags
from explorer.core.tags.book import FilterKey, TagBook
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save_tags(sys.argv[1], TagBook())
    book = TagBook()
    for number in range(2_000):
        book.add(FilterKey(0, number), "hair")
    save_tags(sys.argv[1], book)
except UserError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of file sizes")
def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path):
    path = tmp_path / "tags.h5"
    child = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    assert "could not be saved" in child.stdout
    assert "make room" in child.stdout
    assert len(child.stdout.splitlines()) == 1
    assert load_tags(path) == TagBook()
    assert [file.name for file in tmp_path.iterdir()] == ["tags.h5"]


@pytest.mark.skipif(os.name == "nt", reason="a folder's mode does not keep Windows from writing")
def test_a_read_only_folder_is_said_and_the_old_file_stays(guarded):
    path = guarded / "tags.h5"
    save_tags(path, small_book())
    guarded.chmod(0o500)
    with pytest.raises(UserError, match=r"tags\.h5 could not be saved.*write-protected"):
        save_tags(path, TagBook())
    assert [file.name for file in guarded.iterdir()] == ["tags.h5"]
    assert book_of(read_columns(path.read_bytes())) == small_book()  # nobody may start no Python


def test_a_write_protected_file_is_not_replaced(guarded):
    path = guarded / "tags.h5"
    save_tags(path, small_book())
    path.chmod(0o400)
    with pytest.raises(UserError, match="write-protected"):
        save_tags(path, TagBook())
    assert book_of(read_columns(path.read_bytes())) == small_book()
    path.chmod(0o600)


def test_a_vanished_folder_is_said(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    save_tags(folder / "tags.h5", small_book())
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="folder is gone"):
        save_tags(folder / "tags.h5", small_book())
    assert not folder.exists()
    with pytest.raises(UserError, match="does not exist"):
        load_tags(folder / "tags.h5")


def _edit(path: Path, what: str) -> None:
    with h5py.File(path, "r+") as file:
        tags = file["tags"]
        if what == "newer":
            file.attrs["version"] = 3
        elif what == "other format":
            file.attrs["format"] = "something else"
        elif what == "no format":
            del file.attrs["format"]
        elif what == "no group":
            del file["tags"]
        elif what == "layers":
            file.attrs["layers"] = '[{"name": "a", "filters": "many"}]'
        elif what == "no column":
            del tags["note"]
        elif what == "lengths":
            del tags["note"]
            tags["note"] = np.array(["a"], h5py.string_dtype())
        elif what == "numbers as text":
            del tags["layer"]
            tags["layer"] = np.array(["1"] * 3, h5py.string_dtype())
        elif what == "text as numbers":
            del tags["tag"]
            tags["tag"] = np.arange(3)
        elif what == "negative":
            tags["filter"][0] = -1
        elif what == "outside":
            tags["layer"][0] = 5
        elif what == "evidence":
            tags["evidence"][0] = "{"
        elif what == "time":
            tags["created"][0] = ""
        elif what == "twice":
            tags["tag"][1] = "hair"
            tags["annotator"][1] = "me"
        elif what == "not utf-8":
            tags["note"][0] = b"\xff\xfe"
        elif what == "huge":
            del tags["layer"]
            tags.create_dataset("layer", (2**40,), np.int32, chunks=(1024,))
        elif what == "bomb":
            del tags["note"]
            tags.create_dataset("note", (900_000,), "S1000", chunks=(1000,), compression="gzip")
        elif what == "other file":
            del tags["note"]
            tags["note"] = h5py.ExternalLink(str(path.with_name("secret.h5")), "/x")
        elif what == "outside storage":
            del tags["layer"]
            path.with_name("secret").write_bytes(bytes(12))
            tags.create_dataset("layer", (3,), np.int32, external=[(str(path.with_name("secret")), 0, 12)])


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("newer", "newer version"),
        ("other format", "something else"),
        ("no format", '"format" is missing'),
        ("no group", "/tags"),
        ("layers", "network"),
        ("no column", '"note" is missing'),
        ("lengths", "lengths: 1, 3"),
        ("numbers as text", '"layer" holds'),
        ("text as numbers", '"tag" holds'),
        ("negative", "row 0"),
        ("outside", "no filter 5:0"),
        ("evidence", "row 0"),
        ("time", "time is missing"),
        ("twice", "twice"),
        ("not utf-8", "cannot read"),
        ("huge", "shape"),
        ("bomb", "too large"),
        ("other file", '"note" is missing'),
        ("outside storage", "another file"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused_in_one_line(saved, what, said):
    _edit(saved, what)
    shutil.copy(ARCHIVE, saved.with_name("tags.h5.bak"))
    with pytest.raises(UserError, match=said) as caught:
        load_tags(saved)
    assert "\n" not in str(caught.value)
    assert ("tags.h5.bak" in str(caught.value)) == (what != "newer")
    with pytest.raises((Damaged, NewerFormat)):
        book_of(read_columns(saved.read_bytes()))


@pytest.mark.parametrize(
    "content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n", b"x" * 512 + b"\x89HDF\r\n\x1a\n" + b"x" * 99]
)
def test_other_files_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "tags.h5").write_bytes(content)
    with pytest.raises(UserError, match="damaged or no tags file"):
        load_tags(tmp_path / "tags.h5")
    with pytest.raises(UserError, match="cannot be read"):
        load_tags(tmp_path)


def test_a_file_that_hangs_or_ends_the_parser_is_given_up(saved, tmp_path, monkeypatch):
    start = time.monotonic()
    for number, end in enumerate(("import time; time.sleep(60)", "import os; os.abort()", "print('x')")):
        program = tmp_path / f"{number}.py"
        program.write_text(end)
        monkeypatch.setattr(tag_reader, "__file__", str(program))
        with pytest.raises(UserError, match="make sense"):
            load_tags(saved, patience=0.5 if number == 0 else 20)
    assert time.monotonic() - start < 40


def test_files_of_other_programs_open(tmp_path):
    """Fixed-length text, wider numbers, compression: all of it is a tags file that somebody else may write."""
    path = tmp_path / "tags.h5"
    with h5py.File(path, "w") as file:
        for name in tag_reader.ATTRIBUTES:
            file.attrs[name] = np.bytes_("[]" if name == "layers" else "")
        file.attrs["format"] = np.bytes_("feature-map-explorer tags")
        file.attrs["version"] = np.array([1])
        group = file.create_group("tags")
        for name in ("layer", "filter"):
            group.create_dataset(name, data=np.array([7], np.uint64), compression="gzip")
        group["confidence"] = np.array([0.5])
        for name in tag_reader.TEXTS:
            group[name] = np.array([{"created": b"2026-01-01", "evidence": b"{}"}.get(name, b"hair")], "S20")
    assert [tag.tag for tag in load_tags(path).tags(FilterKey(7, 7))] == ["hair"]


def _mutated(image: bytes, seed: int) -> bytes:
    choose, content = random.Random(seed), bytearray(image)
    for _ in range(choose.choice([1, 1, 2, 8, 64])):
        # The first bytes hold the file's structure, the rest is mostly padding.
        place = choose.randrange(choose.choice([100, 2_000, 6_000, len(content)]))
        content[place] = choose.choice([0, 1, 0x7F, 0xFF, choose.randrange(256)])
    if choose.random() < 0.15:
        del content[choose.randrange(len(content)) :]
    return bytes(content)


POOL = """
import json, os, signal, sys
from explorer.core.tags.hdf5_subprocess import Damaged, read_columns
for name in sys.stdin:
    child = os.fork()
    if child:
        print(json.dumps({"ended": os.waitpid(child, 0)[1]}), flush=True)
        continue
    signal.alarm(5)
    try:
        with open(name.rstrip(), "rb") as file:
            print(json.dumps(read_columns(file.read())), flush=True)
    except Damaged as error:
        print(json.dumps({"problem": str(error)}), flush=True)
    os._exit(0)
"""


def _refusal(path: Path) -> str:
    try:
        load_tags(path, patience=5)
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="200 processes take minutes without forks")
def test_two_hundred_damaged_files_open_or_are_refused_in_one_line(tmp_path):
    image = image_of(small_book())
    paths = [tmp_path / f"{seed}.h5" for seed in range(200)]
    for seed, path in enumerate(paths):
        path.write_bytes(_mutated(image, seed))
    names = "".join(f"{path}\n" for path in paths)
    child = subprocess.run([sys.executable, "-c", POOL], input=names, capture_output=True, text=True, timeout=120)
    answers = [json.loads(line) for line in child.stdout.splitlines()]
    assert sum("ended" in answer for answer in answers) == 200
    opened = refused = 0
    for answer in answers:
        if "format" in answer:
            try:
                book_of(answer)
                opened += 1
            except Damaged as error:
                answer["problem"] = str(error)
        if "problem" in answer:
            refused += 1
            assert len(answer["problem"]) < 500
            assert "\n" not in answer["problem"]
    assert opened > 20, "such damage is always noticed"
    assert refused > 40, "such damage is hardly ever noticed"

    ends = [answer["ended"] for answer in answers if "ended" in answer]
    fatal = [path for path, end in zip(paths, ends, strict=True) if end]
    with ThreadPoolExecutor(3) as pool:  # the whole way, also for those that ended their parser
        for refusal in pool.map(_refusal, [*fatal, *paths[:20]]):
            assert not refusal or ("damaged" in refusal and "\n" not in refusal)
        assert all(pool.map(_refusal, fatal))
