"""What reaches a terminal: plain text whatever files are called, and one line whatever fails."""

import contextlib
import io
import os
import re
import struct
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import cli as explorer
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import save_tags
from tests.conftest import ROOT
from tests.networks import save_small
from tests.trainer.cohorts import drawn_cohort
from trainer import cli as trainer
from trainer.console.error_boundary import LARGEST_LOG, data_home, through
from trainer.files.errors import UserError
from trainer.files.printing import printable, say
from trainer.networks.checkpoint import Checkpoint, InputSpec, load, save

HOSTILE = "a\x1b]0;PWNED\x07\x1b[31m\u202ered\u2066\x9b2J\u2028\rb"
QUICK = ["--recipe", "lenet", "--size", "32", "--resize-to", "0", "--epochs", "1", "--batch", "8", "--device", "cpu"]
COARSE = ["--size", "16", "--stride", "16", "--out"]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes into the log of the person who runs it."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.setenv("LOCALAPPDATA", str(home))
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with a network, pictures, tags, a cohort and settings, all of whose names steer a terminal."""
    folder = tmp_path / HOSTILE
    for number in range(8):
        place = folder / "pictures" / f"{HOSTILE}{number % 2}" / f"{HOSTILE}{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(place)
    (place.parent / f"{HOSTILE}broken.png").write_bytes(b"\xff\xd8\xff")
    network = save_small(folder / f"{HOSTILE}.safetensors", classes=(f"{HOSTILE}0", f"{HOSTILE}1"))
    whole = load(network)
    strange = {HOSTILE * 20: whole.weights["classifier.1.weight"].clone(), **whole.weights}
    save(folder / "strange.safetensors", Checkpoint("scratch_cnn", whole.classes, InputSpec((32, 32)), strange))
    book = TagBook("d" * 64, HOSTILE, HOSTILE, [(HOSTILE, 4)])
    book.add(FilterKey(0, 1), "hair", detail=HOSTILE, note=HOSTILE, annotator=HOSTILE)
    save_tags(folder / "tags.h5", book)
    (folder / "tags.csv").write_text(f'layer,filter,tag,detail\n0,1,"{HOSTILE}",x\n0,2,hair,x\n', encoding="utf-8")
    drawn_cohort(folder / "cohort.h5", 20, classes=(f"{HOSTILE}0", f"{HOSTILE}1"))
    (folder / "bad.toml").write_text(f'"{"".join(printable(letter) for letter in HOSTILE)}" = 1', encoding="utf-8")
    return folder


def commands(folder: Path) -> Iterator[tuple[Callable[[list[str]], int], list[str]]]:
    """(program, words) of every command of both programs, and of mistakes."""
    network, pictures = str(folder / f"{HOSTILE}.safetensors"), str(folder / "pictures")
    tags, cohort = str(folder / "tags.h5"), str(folder / "cohort.h5")
    trained = str(folder / "run" / "network.safetensors")
    first = next(str(path) for path in sorted(Path(pictures).rglob("*.png")) if "broken" not in path.name)
    for words in (
        ["layers", "--model", network],
        ["layers", "--model", network, "--json"],
        ["layers", "--model", str(folder / "strange.safetensors")],
        ["layers", "--model", str(folder / "strange.safetensors"), "--architecture", HOSTILE],
        ["layers", "--model", str(folder / HOSTILE)],
        ["layers", "--model", network, "--input", HOSTILE],
        ["export", "--model", network, "--images", pictures, "--filters", "0:0", "--out", str(folder / "out")],
        ["export", "--model", network, "--images", pictures, "--filters", HOSTILE, "--out", str(folder / "out")],
        [
            "occlude",
            "--model",
            network,
            "--images",
            pictures,
            "--target",
            f"class:{HOSTILE}0",
            *COARSE,
            str(folder / "o"),
        ],
        ["occlude", "--model", network, "--image", first, "--target", HOSTILE, "--out", str(folder / "o.npz")],
        ["tags", "list", tags],
        ["tags", "list", tags, "--json"],
        ["tags", "export", tags, "--out", str(folder / "out.csv")],
        ["tags", "import", tags, "--from", str(folder / "tags.csv")],
        ["tags", "merge", tags, tags, "--out", str(folder / "merged.h5")],
        ["tags", HOSTILE],
        [HOSTILE],
        ["--device", HOSTILE],
        ["--model", str(folder / HOSTILE)],
    ):
        yield explorer.main, words
    for words in (
        ["prepare", "--images", pictures, "--out", str(folder / "new.h5"), "--size", "32", "--source", HOSTILE],
        ["describe", cohort],
        ["describe", cohort, "--json"],
        ["describe", str(folder / HOSTILE)],
        ["rates", "--data", str(folder / HOSTILE), "--out", str(folder / "rates")],
        ["train", "--data", cohort, "--out", str(folder / "run"), *QUICK],
        ["train", "--data", cohort, "--out", str(folder / "run"), "--settings", str(folder / "bad.toml")],
        ["train", "--data", cohort, "--out", str(folder / "r"), "--weights", str(folder / HOSTILE), *QUICK],
        ["evaluate", "--model", trained, "--data", cohort, "--out", str(folder / "report"), "--draws", "100"],
        ["evaluate", "--model", network, "--data", cohort, "--taxonomy", HOSTILE, "--out", str(folder / "x")],
        ["synthesize", "--count", "2", "--out", str(folder / "drawn")],
        ["synthesize", "--count", "2", "--planted", HOSTILE, "--out", str(folder / "drawn2")],
        [HOSTILE],
        ["train", "--recipe", HOSTILE],
        ["prepare", HOSTILE],
    ):
        yield trainer.main, words


def steering(text: str) -> set[str]:
    """The characters in a text that are no plain ones."""
    return {letter for letter in text if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl")}


def test_no_name_in_a_file_steers_the_terminal(
    hostile: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    said = ""
    for main, words in commands(hostile):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fonts lack these letters, and drawn reports say so
            with contextlib.suppress(SystemExit):
                main(words)
        output = "".join(capfd.readouterr())
        assert steering(output) == set(), words
        assert max(map(len, output.split("\n"))) < 20_000, words
        assert "please report it" not in output, (words, output)
        said += output
    assert "\\x1b]0;PWNED" in said
    assert "\\u202e" in said


@given(st.text(max_size=200), st.integers(20, 300))
def test_what_is_printable_is_one_line_of_bounded_length(text: str, most: int) -> None:
    shown = printable(text, most)
    assert shown.isprintable()
    assert len(shown) <= most
    assert shown == text or not text.isprintable() or len(text) > most


def test_the_end_of_a_long_sentence_is_kept() -> None:
    shown = printable(f"{'x' * 10_000} is damaged; copy it again.")
    assert len(shown) <= 4000
    assert shown.endswith("is damaged; copy it again.")


def test_a_console_that_lacks_letters_gets_them_as_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    say("Läsion")
    stream.flush()
    assert stream.buffer.getvalue() == b"L\\xe4sion\n"  # type: ignore[attr-defined]


def failing(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    "error",
    [
        RecursionError("maximum recursion depth exceeded"),
        MemoryError(),
        struct.error("unpack requires a buffer of 8 bytes"),
        OSError("Unable to synchronously open file (file signature not found)"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied\nat line 3"),
        ValueError(f"Found array with dim 3{HOSTILE}"),
        KeyError("x"),
        ZeroDivisionError(),
        OSError(28, "No space left on device", f"x{HOSTILE}"),
    ],
)
def test_whatever_fails_is_one_line_that_names_the_log(
    error: BaseException, capsys: pytest.CaptureFixture[str], own_home: Path
) -> None:
    assert through("feature-trainer", failing(error)) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert steering(said) == set()
    log = data_home() / "feature-trainer.log"
    assert str(log) in said
    assert type(error).__name__ in log.read_text("utf-8")
    assert steering(log.read_text("utf-8")) == set()


def test_a_refusal_needs_no_log(capsys: pytest.CaptureFixture[str], own_home: Path) -> None:
    assert through("feature-trainer", failing(UserError("x.h5 is damaged;\ncopy it again."))) == 1
    assert capsys.readouterr().err == "feature-trainer: x.h5 is damaged; copy it again.\n"
    assert not own_home.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links and pipes of POSIX")
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder", "no home"])
def test_the_line_comes_where_no_log_can_be_written(
    kind: str, capsys: pytest.CaptureFixture[str], own_home: Path, tmp_path: Path
) -> None:
    log, precious = data_home() / "feature-trainer.log", tmp_path / "precious.txt"
    precious.write_text("precious")
    if kind == "no home":
        own_home.write_text("a file")
    else:
        log.parent.mkdir(parents=True)
        {
            "link": lambda: log.symlink_to(precious),
            "hard link": lambda: log.hardlink_to(precious),
            "pipe": lambda: os.mkfifo(log),
            "folder": log.mkdir,
        }[kind]()
    assert through("feature-trainer", failing(RuntimeError("x"))) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert precious.read_text() == "precious"


def test_the_log_does_not_grow_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(40):
        through("feature-trainer", failing(RuntimeError("x" * 100_000)))
    assert 0 < (data_home() / "feature-trainer.log").stat().st_size <= LARGEST_LOG


def test_warnings_of_libraries_are_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"strange file {HOSTILE}", UserWarning, stacklevel=1)

    assert through("feature-trainer", work) == 0
    said = capsys.readouterr().err
    assert steering(said) == set()
    assert said.count("\n") == 1


PIPED = """
import sys
from {module} import main
sys.exit(main(sys.argv[1:]))
"""


def piped(module: str, words: list[str], *, reader: str) -> tuple[int, str]:
    """Exit code and standard error of a command whose output nobody reads, or goes to a full disk."""
    out, ours = (os.open("/dev/full", os.O_WRONLY), None) if reader == "full" else reversed(os.pipe())
    if ours is not None:
        os.close(ours)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PIPED.format(module=module), *words],
            stdout=out,
            stderr=out if reader == "all gone" else subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
    finally:
        os.close(out)
    return done.returncode, done.stderr or ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="pipes of POSIX")
@pytest.mark.parametrize(("module", "words"), [("explorer.cli", ["tags", "list"]), ("trainer.cli", ["describe"])])
def test_output_that_nobody_reads_ends_a_command_quietly(
    module: str, words: list[str], hostile: Path, own_home: Path
) -> None:
    file = "tags.h5" if "tags" in words else "cohort.h5"
    assert piped(module, [*words, str(hostile / file)], reader="gone") == (141, "")
    assert piped(module, [*words, "--help"], reader="gone")[1] == ""
    assert piped(module, [*words, str(hostile / "none")], reader="all gone") == (1, "")
    code, said = piped(module, [*words, str(hostile / file)], reader="full")
    assert code == 1
    assert said.count("\n") == 1
    assert "No space left on device" in said


def test_only_the_printer_prints() -> None:
    """Every other way to a terminal would let names in files through; what a parent process reads is no terminal."""
    readers = {ROOT / "explorer" / "core" / part / "hdf5_subprocess.py" for part in ("tags", "index")}
    may = {ROOT / "trainer" / "files" / "printing.py", *readers}
    ways = re.compile(r"(?<![\w.])print\(|std(?:out|err)\.write\(|\.print_exc\(|traceback\.print_")
    for package in ("explorer", "trainer"):
        for path in (ROOT / package).rglob("*.py"):
            if path not in may:
                assert not ways.search(path.read_text("utf-8")), path
