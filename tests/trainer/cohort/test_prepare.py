"""From folders and tables to a cohort file, and everything that goes wrong on the way."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.images import read_image
from tests.conftest import ROOT
from trainer.cli import main
from trainer.cohort import parallel_decoding as decoding
from trainer.cohort.cohort import open_cohort
from trainer.cohort.parallel_decoding import decode, decode_all, journal_of, part_of
from trainer.cohort.prepare import Prepared, PrepareOptions, prepare
from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec


def picture(seed: int, side: int = 48) -> Image.Image:
    blotches = np.random.default_rng(seed).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    return Image.fromarray(blotches).resize((side, side), Image.Resampling.BILINEAR)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """40 pictures in class folders, alternately benign and malignant."""
    for number in range(40):
        file = tmp_path / "pictures" / ("nv", "mel")[number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(file)
    return tmp_path / "pictures"


def prepared(images: Path, labels: Path | None = None, **options: object) -> Prepared:
    return prepare(images, labels, images.parent / "cohort.h5", PrepareOptions(side=32, **options))  # type: ignore[arg-type]


def test_pictures_become_a_cohort(images: Path) -> None:
    cohort = prepared(images, source="a test").cohort
    assert cohort.classes == ("benign", "malignant")
    assert [cohort.classes[label] for label in cohort.labels] == ["malignant"] * 20 + ["benign"] * 20
    assert cohort.source == "a test"
    assert cohort.flow["kept"] == len(cohort) == 40
    for place in (0, 25):
        with Image.open(images / cohort.names[place]) as original:
            plain = np.asarray(original.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR))
        assert (cohort.pictures([place])[0] == plain).all()
    assert not part_of(cohort.path).exists()
    assert not journal_of(cohort.path).exists()


def test_the_same_seed_gives_the_same_file(images: Path) -> None:
    first = prepared(images).cohort.path.read_bytes()
    time.sleep(1.1)  # HDF5 counts its times in seconds
    assert prepared(images).cohort.path.read_bytes() == first
    assert prepared(images, seed=1).cohort.path.read_bytes() != first


def test_patients_come_before_lesions_and_none_is_torn(images: Path) -> None:
    rows = [f"{at:02},{'nv' if at % 2 == 0 else 'mel'},P{at // 4 % 7},L{at // 2}" for at in range(40)]
    labels = images.parent / "l.csv"
    labels.write_text("isic_id,diagnosis_1,patient_id,lesion_id\n" + "\n".join(rows))
    cohort = prepared(images, labels).cohort
    assert set(cohort.groups) == {f"patient P{number}" for number in range(7)}
    assert len(set(cohort.lesions)) == 20
    sides: dict[str, set[str]] = {}
    for group, part in zip(cohort.groups, cohort.splits.tolist(), strict=True):
        sides.setdefault(group, set()).add(part)
    assert all(len(parts) == 1 for parts in sides.values())


def test_near_duplicates_are_kept_together_and_counted(images: Path) -> None:
    shutil.copy(images / "nv/00.png", images / "nv/same.png")
    with Image.open(images / "mel/01.png") as original:
        original.resize((47, 47)).save(images / "nv/resized.jpg", quality=80)
    found = prepared(images)
    group = dict(zip(found.cohort.names, found.cohort.groups, strict=True))
    assert group["nv/00.png"] == group["nv/same.png"]
    assert group["mel/01.png"] == group["nv/resized.jpg"]
    assert len(set(group.values())) == 40
    assert any(note.startswith("2 pairs of near-duplicates, 1 of them the same file") for note in found.notes)
    assert "1 of these pairs carry different classes." in found.notes


def given_split(images: Path) -> Path:
    labels = images.parent / "split.csv"
    rows = [
        f"{at:02},{'nv' if at % 2 == 0 else 'mel'},{'test' if at >= 30 else 'train'},g{at // 4}" for at in range(40)
    ]
    labels.write_text("image,label,split,group\n" + "\n".join(rows))
    return labels


def test_a_given_split_is_taken_as_it_is_and_its_leaks_are_counted(images: Path) -> None:
    found = prepared(images, given_split(images))
    cohort = found.cohort
    part = dict(zip([Path(name).stem for name in cohort.names], cohort.splits.tolist(), strict=True))
    assert all((part[f"{at:02}"] == "test") == (at >= 30) for at in range(40))
    assert len(cohort.positions("validation")) >= 4
    assert any("1 of 10 groups stand in more than one part" in note for note in found.notes)
    own = prepared(images, given_split(images), given_split=False)
    assert not own.notes
    assert len(own.cohort.positions("test")) == 8


def test_folds(images: Path) -> None:
    cohort = prepared(images, folds=4).cohort
    assert sorted(np.bincount(cohort.folds)) == [10] * 4
    tested = np.concatenate([cohort.fold(number).positions("test") for number in range(4)])
    assert sorted(tested) == list(range(40))
    assert cohort.fold(1).digest != cohort.digest == cohort.fold(0).digest
    with pytest.raises(UserError, match="0 to 3"):
        cohort.fold(4)


# --- every kind of picture -------------------------------------------------------------------------------------


def test_modes_and_depths_are_read_rightly(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(64, 0)
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    clear = Image.fromarray(np.full((64, 64, 4), (10, 20, 30, 0), np.uint8))
    clear.save(tmp_path / "clear.png")
    turned = Image.fromarray(np.stack([ramp] * 3, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=98)
    turned.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98)

    def pixels(name: str) -> np.ndarray:
        decoded, rgb = decode(tmp_path, name, 64)
        assert rgb is not None, decoded.reason
        return rgb[..., 1].astype(int)

    assert np.abs(pixels("deep.png") - ramp).max() <= 1
    assert (pixels("clear.png") == 255).all()
    assert np.abs(pixels("turned.jpg") - ramp.T).max() <= 6
    assert np.abs(pixels("cmyk.jpg") - ramp).max() <= 6


def test_what_is_stored_is_what_the_explorer_shows_to_a_network() -> None:
    demo = ROOT / "resources/demo/pictures"
    spec = InputSpec(size=(300, 300), resize_to=300)
    for file in sorted(demo.glob("*.jpg"))[:3]:
        assert (decode(demo, file.name, 300)[1] == spec.crop(read_image(file))).all()


def test_a_picture_bomb_is_not_decoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "large.png")
    Image.new("1", (11_000, 10_000)).save(tmp_path / "big.png")
    large, big = decode_all(tmp_path, ["large.png", "big.png"], 32, tmp_path / "x.h5", lambda done, total: None)
    assert "it claims 400 megapixels; make a smaller copy" in large.reason
    assert "11000 x 10000 pixels" in big.reason


def test_a_damaged_tiff_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    picture(0).save(tmp_path / "x.tif", compression="tiff_lzw")
    content = bytearray((tmp_path / "x.tif").read_bytes())
    content[20:400] = bytes(380)
    (tmp_path / "x.tif").write_bytes(content)
    decode(tmp_path, "x.tif", 32)
    assert capfd.readouterr() == ("", "")


def test_bad_files_are_listed_and_stop_nothing(images: Path) -> None:
    good = (images / "nv/00.png").read_bytes()
    (images / "nv/cut.png").write_bytes(good[: len(good) // 2])
    (images / "nv/empty.jpg").touch()
    (images / "nv/text.jpg").write_text("not a picture")
    (images / "nv/link.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(images / "nv/pipe.jpg")  # no picture, and waits for whoever opens it
    cohort = prepared(images).cohort
    assert len(cohort) == 40
    assert cohort.flow["unreadable"] == 4
    assert dict(cohort.left_out).keys() == {f"nv/{name}" for name in ("cut.png", "empty.jpg", "link.jpg", "text.jpg")}
    assert dict(cohort.left_out)["nv/empty.jpg"] == "it is empty; copy it again from its source"


# --- what goes wrong -------------------------------------------------------------------------------------------


def test_one_class_only_is_said(images: Path) -> None:
    shutil.rmtree(images / "mel")
    with pytest.raises(UserError, match="have one class, benign; no picture is malignant"):
        prepared(images)


def test_a_class_too_small_for_every_part_is_named_before_the_long_work(images: Path) -> None:
    for file in sorted((images / "mel").iterdir())[2:]:
        file.unlink()
    with pytest.raises(UserError, match="Class malignant has pictures of only 2 patients"):
        prepared(images)
    assert not part_of(images.parent / "cohort.h5").exists()


def test_a_class_of_which_nothing_can_be_read_is_said(images: Path) -> None:
    for file in (images / "mel").iterdir():
        file.write_bytes(b"")
    with pytest.raises(UserError, match="None of the 20 pictures of class malignant"):
        prepared(images)


def test_a_failed_run_leaves_the_good_cohort(images: Path) -> None:
    path = prepared(images).cohort.path
    before = path.read_bytes()
    shutil.rmtree(images / "mel")
    with pytest.raises(UserError):
        prepared(images)
    assert path.read_bytes() == before


def test_a_disk_without_room_is_said_before_any_work(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = prepared(images).cohort.path
    before = path.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(UserError, match=r"cohort\.h5 needs .* MB left; make room"):
        prepared(images, seed=1)
    assert path.read_bytes() == before
    assert not part_of(path).exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are told by Linux")
def test_what_is_removed_for_want_of_room_is_closed_as_windows_asks(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, bool] = {}
    unlink = Path.unlink

    def noted(path: Path, missing_ok: bool = False) -> None:
        handles = [handle for handle in Path("/proc/self/fd").iterdir() if handle.exists()]
        held[path.name] = any(path.exists() and handle.samefile(path) for handle in handles)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", noted)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="make room"):
        prepared(images)
    assert held == {"cohort.h5.part": False, "cohort.h5.part.jsonl": False}


def test_a_list_of_malignant_diagnoses_without_one_is_refused(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prepare", "--images", str(images), "--out", str(tmp_path / "c.h5"), "--malignant", " , "]
    assert main(words) == 1
    assert "--malignant names no diagnosis" in capsys.readouterr().err
    assert not (tmp_path / "c.h5").exists()


def test_a_disk_that_fills_up_loses_nothing_and_the_next_run_goes_on(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = prepared(images).cohort.path.read_bytes()
    path = images.parent / "cohort.h5"
    path.write_bytes(b"the good one")
    written = 0

    def filling(*place: object) -> None:
        nonlocal written
        written += 1
        if written > 25:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*place)  # type: ignore[arg-type]

    real = decoding.write_at
    monkeypatch.setattr(decoding, "write_at", filling)
    with pytest.raises(UserError, match="the disk is full"):
        prepared(images, replace=True)
    assert path.read_bytes() == b"the good one"
    monkeypatch.undo()
    calls: list[int] = []
    prepare(images, None, path, PrepareOptions(side=32, replace=True), lambda stage, done, total: calls.append(done))
    assert calls[0] == 25
    assert path.read_bytes() == expected


def test_a_cohort_of_other_pictures_is_not_written_over(images: Path) -> None:
    good = prepared(images).cohort.path
    kept = good.read_bytes()
    (images / "nv" / "00.png").unlink()
    with pytest.raises(UserError, match=r"cohort of other pictures \(40 of .*\); choose another name for --out"):
        prepared(images)
    assert good.read_bytes() == kept
    assert len(prepared(images, replace=True).cohort) == 39
    good.write_bytes(b"not a cohort")
    with pytest.raises(UserError, match="no cohort that can be read"):
        prepared(images)
    assert good.read_bytes() == b"not a cohort"


def test_a_limit_on_file_sizes_is_one_sentence(images: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    words = ["prepare", "--images", str(images), "--out", str(images.parent / "c.h5"), "--size", "64"]
    command = [sys.executable, "-m", "trainer", *words]
    ran = subprocess.run(command, cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "could not be saved" in ran.stderr


def test_interrupted_and_run_again_it_goes_on(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = prepared(images).cohort.path.read_bytes()
    path = images.parent / "again.h5"

    def stop(stage: str, done: int, total: int) -> None:
        if done == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(images, None, path, PrepareOptions(side=32), stop)
    assert not path.exists()
    (images / "mel/05.png").touch()  # changed since: from here on nothing may be taken over
    calls: list[int] = []
    prepare(images, None, path, PrepareOptions(side=32), lambda stage, done, total: calls.append(done))
    assert calls[0] == 2
    assert path.read_bytes() == expected


def test_another_size_starts_anew(images: Path) -> None:
    path = images.parent / "x.h5"
    names = [f"nv/{number:02}.png" for number in range(0, 40, 2)]
    decode_all(images, names, 32, path, lambda done, total: None)
    calls: list[int] = []
    decode_all(images, names, 40, path, lambda done, total: calls.append(done))
    assert calls[0] == 0


def test_killed_and_run_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (250, 250, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.jpg")
    names = [f"{number:04}.jpg" for number in range(400)]
    (tmp_path / "pictures").mkdir()
    for name in names:
        (tmp_path / "pictures" / name).symlink_to("../noise.jpg")
    (tmp_path / "pictures/0200.jpg").unlink()  # a gap
    killed, whole = tmp_path / "killed.h5", tmp_path / "whole.h5"
    code = (
        "from pathlib import Path; from trainer.cohort.parallel_decoding import decode_all; "
        f"decode_all(Path({str(tmp_path / 'pictures')!r}), {names!r}, 64, Path({str(killed)!r}), lambda d, t: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        while not (journal_of(killed).exists() and journal_of(killed).read_bytes().count(b"\n") > 128):
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    calls: list[int] = []
    again = decode_all(tmp_path / "pictures", names, 64, killed, lambda done, total: calls.append(done))
    assert 128 <= calls[0] < 400
    assert again == decode_all(tmp_path / "pictures", names, 64, whole, lambda done, total: None)
    assert part_of(killed).read_bytes() == part_of(whole).read_bytes()
    assert journal_of(killed).read_bytes() == journal_of(whole).read_bytes()


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    picture(0).save(tmp_path / "one.png")
    names = [f"{number:04}.png" for number in range(1000)]
    for name in names:
        (tmp_path / name).symlink_to("one.png")
    path = tmp_path / "x.h5"
    code = (
        "import resource; from pathlib import Path; from trainer.cohort.parallel_decoding import decode_all\n"
        f"names = {names!r}\n"
        "for count in (100, 1000):\n"
        f"    decode_all(Path({str(tmp_path)!r}), names[:count], 300, Path({str(path)!r}), lambda d, t: None)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    few, many = map(int, ran.stdout.split())  # kilobytes
    assert many - few < 25_000  # the 900 more are 243,000 decoded


# --- the command line ------------------------------------------------------------------------------------------


def test_the_command_says_what_became_of_every_picture(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (images / "moon dust").mkdir()
    picture(99).save(images / "moon dust/x.png")
    path = images.parent / "c.h5"
    words = ["prepare", "--images", str(images), "--out", str(path), "--size", "32"]
    assert main(words) == 1
    assert "1 of 41 pictures have a diagnosis that the table does not know: moon dust (1)" in capsys.readouterr().err
    assert main([*words, "--unknown", "leave-out"]) == 0
    out = capsys.readouterr().out
    assert "moon dust        1  unknown, left out" in out
    assert "moon dust/x.png: unknown diagnosis: moon dust" in out
    assert main([*words, "--malignant", "nv"]) == 0
    cohort = open_cohort(path)
    assert len(cohort) == 41
    assert {cohort.diagnoses[at] for at in np.flatnonzero(cohort.labels == 1)} == {"nv"}
    assert main(["describe", str(path), "--json"]) == 0
    described = json.loads(capsys.readouterr().out.partition("\n{")[2].join(["{", ""]))
    assert described["classes"] == {"benign": 21, "malignant": 20}


def test_ctrl_c_says_how_to_go_on(
    images: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = decoding.write_at, 0

    def interrupted(*place: object) -> None:
        nonlocal read
        read += 1
        if read == 5:
            raise KeyboardInterrupt
        real(*place)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "write_at", interrupted)
    assert main(["prepare", "--images", str(images), "--out", str(images.parent / "c.h5")]) == 130
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--out", "none/c.h5"], ["--out", "."], ["--size", "5"], ["--folds", "2"]])
def test_wrong_wishes_are_one_sentence(
    images: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    assert main(["prepare", "--images", "pictures", "--out", "c.h5", "--size", "32", *words]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (images.parent / "c.h5").exists()


def test_the_paper_s_split_has_no_validation_part(images: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number, part in enumerate(["train", "test"]):
        for file in sorted(images.glob("*/*.png"))[number * 25 :: 2]:
            target = images.parent / "given" / part / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    given, out = images.parent / "given", images.parent / "cohort.h5"
    words = ["prepare", "--images", str(given), "--out", str(out), "--size", "32"]
    assert main([*words, "--no-validation"]) == 0
    assert set(open_cohort(out).splits) == {"train", "test"}
    assert "a fifth of its train part" not in capfd.readouterr().err
    assert main(words) == 0
    assert "--no-validation does without" in capfd.readouterr().err
    assert main([*words, "--no-validation", "--folds", "3"]) == 1
    assert "leave --no-validation or --folds out" in capfd.readouterr().err


@pytest.mark.parametrize(("broken", "code"), [(4, 0), (5, 1)])
def test_more_than_a_tenth_unreadable_is_a_failure(
    images: Path, broken: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(broken):
        (images / "nv" / f"broken{number}.png").write_bytes(b"nothing")
    out = images.parent / "cohort.h5"
    assert main(["prepare", "--images", str(images), "--out", str(out), "--size", "32"]) == code
    assert f"{broken} of {40 + broken} pictures could not be read" in capsys.readouterr().err
    assert len(open_cohort(out)) == 40


def test_a_word_for_not_known_is_no_patient_and_is_said(images: Path) -> None:
    labels = images.parent / "l.csv"
    rows = [f"{at:02},{('nv', 'mel')[at % 2]},{f'P{at}' if at % 3 == 0 else 'unspecified'}" for at in range(40)]
    labels.write_text("image,label,patient_id\n" + "\n".join(rows))
    made = prepared(images, labels)
    said = '"unspecified" stands in 26 of 40 rows of column "patient_id": it is no patient, and counts as not known.'
    assert said in made.notes
    assert len(set(made.cohort.groups)) == 40


def test_a_split_far_from_its_shares_is_said_and_called_what_it_is(images: Path) -> None:
    labels = images.parent / "l.csv"
    rows = [f"{at:02},{('nv', 'mel')[at % 2]},{f'P{at}' if at % 3 == 0 else 'Wards'}" for at in range(40)]
    labels.write_text("image,label,patient_id\n" + "\n".join(rows))
    made = prepared(images, labels)
    counts = [int((made.cohort.splits == part).sum()) for part in ("train", "validation", "test")]
    note = next(note for note in made.notes if note.startswith("The parts hold"))
    assert "{} (train), {} (validation) and {} (test) of 40 pictures, not 64, 16 and 20 %".format(*counts) in note
    assert "patient Wards alone has 26" in note
    assert made.cohort.settings["split"] == " / ".join(f"{100 * count / 40:.0f}" for count in counts) + " %"
    rows = [f"{at:02},{('nv', 'mel')[at % 2]},P{at // 2}" for at in range(40)]
    labels.write_text("image,label,patient_id\n" + "\n".join(rows))
    made = prepared(images, labels, replace=True)
    assert made.notes == []
    assert made.cohort.settings["split"] == "64 / 16 / 20 %"


@pytest.mark.parametrize("title", ["patient_id", "subject", "lesion_id", "case"])
def test_pictures_of_a_folder_that_a_table_names_stand_on_one_side(title: str, tmp_path: Path) -> None:
    for number in range(40):
        file = tmp_path / "pictures" / f"P{number // 2:03}" / f"v{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(file)
    rows = [f"P{number:03},{('nv', 'mel')[number % 2]}" for number in range(20)]
    (tmp_path / "l.csv").write_text(f"{title},dx\n" + "\n".join(rows))
    cohort = prepared(tmp_path / "pictures", tmp_path / "l.csv").cohort
    sides: dict[str, set[str]] = {}
    for name, part in zip(cohort.names, cohort.splits.tolist(), strict=True):
        sides.setdefault(name.partition("/")[0], set()).add(part)
    assert all(len(parts) == 1 for parts in sides.values())


def test_very_small_and_narrow_pictures_are_kept_and_said(images: Path) -> None:
    assert not any("very small" in note for note in prepared(images, replace=True).notes)
    picture(1, 256).resize((10, 12)).save(images / "nv" / "tiny.png")
    picture(2, 256).resize((1200, 40)).save(images / "mel" / "thin.png")
    made = prepared(images, replace=True)
    assert "2 pictures are very small or narrow (mel/thin.png, 1,200 x 40 first), and kept; look at them." in made.notes
    assert made.cohort.flow["kept"] == 42
