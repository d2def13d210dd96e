"""What lies among pictures and is none: masks, pages, files of other kinds, and what systems keep for themselves."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from explorer.core.images import list_images
from trainer.cohort.cases import read_cases
from trainer.cohort.parallel_decoding import MASK, decode
from trainer.files.errors import UserError
from trainer.pictures.folder_walk import list_folder
from trainer.pictures.masks import is_two_colored


def picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), np.uint8)
    Image.fromarray(rgb).save(path)


def mask(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.zeros((16, 16), np.uint8)
    grey[2 : 8 + seed % 6, 3:9] = 255
    Image.fromarray(grey).save(path)


@pytest.mark.parametrize(
    "place",
    [
        "{}_segmentation.png",
        "{}_superpixels.png",
        "{}_attribute_globules.png",
        "mask_{}.png",
        "masks/{}.png",
        "HAM10000_segmentations_lesion_tschandl/{}_segmentation.png",
        "truth/{}.bmp",
        "{}_bin.png",
        "{}_lesion/{}_lesion.bmp",
        "other/m{}.png",
    ],
)
def test_masks_are_left_out_and_said_in_both_programs(place: str, tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / "nv" / f"ISIC_{number}.jpg", number)
        mask(tmp_path / place.format(f"ISIC_{number}", f"ISIC_{number}"), number)
    said: list[str] = []
    found = list_images(tmp_path, on_problem=said.append)
    assert [path.name for path in found] == [f"ISIC_{number}.jpg" for number in range(4)]
    assert said == [
        f"4 masks or superpixels among the pictures are left out ({Path(place.format(*['ISIC_0'] * 2)).name} first)."
    ]
    reading = read_cases(tmp_path, None)
    assert len(reading.cases) == len(reading.masks) == 4
    assert said[0] in reading.problems


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize(
    ("ground", "lesion"),
    [("black", "white"), ("black", "red"), ("blue", "yellow"), ("white", "black"), ("#400080", "#40c080")],
)
def test_masks_in_two_colors_are_left_out(ground: str, lesion: str, ending: str, tmp_path: Path) -> None:
    if ending == "jpg" and ground.startswith("#"):
        pytest.skip("a JPEG makes many colors of two that are not full or empty")
    for number in range(4):
        picture(tmp_path / f"ISIC_{number}.png", number)
        colored = Image.new("RGB", (160, 160), ground)
        colored.paste(lesion, (40, 40, 80 + 16 * number, 112))
        colored.save(tmp_path / f"ISIC_{number}_l.{ending}", quality=95)
    listed = list_folder(tmp_path)
    assert [path.name for path in listed.pictures] == [f"ISIC_{number}.png" for number in range(4)]
    assert len(listed.masks) == 4


@pytest.mark.parametrize("place", ["{}.png", "deeper/{}.png", "m/{}_lesion.png"])
def test_the_opened_folders_own_name_says_nothing_of_its_pictures(place: str, tmp_path: Path) -> None:
    root = tmp_path / "pictures and masks"
    for number in range(4):
        picture(root / f"ISIC_{number}.jpg", number)
        mask(root / place.format(f"ISIC_{number}"), number)
    assert [path.suffix for path in list_folder(root).pictures] == [".jpg"] * 4


def test_masks_as_jpegs_of_other_names_are_left_out(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / f"ISIC_{number}.jpg", number)
        drawn = Image.new("L", (160, 160), "black")
        drawn.paste(255, (40, 40, 80 + 16 * number, 112))
        drawn.save(tmp_path / f"aseg{number}.jpg", quality=95)
    assert [path.name for path in list_folder(tmp_path).pictures] == [f"ISIC_{number}.jpg" for number in range(4)]


def test_masks_with_soft_edges_are_two_colored_and_overexposed_photographs_are_not() -> None:
    rows, columns = np.mgrid[:224, :224]
    soft = (255 / (1 + np.exp((np.hypot(rows - 110, columns - 110) - 50) / 1.5))).astype(np.uint8)
    assert is_two_colored(np.repeat(soft[:, :, None], 3, 2))
    photograph = np.repeat(soft[:, :, None], 3, 2).astype(int) + np.array([0, -12, -20]) * (soft[:, :, None] < 250)
    assert not is_two_colored(photograph.clip(0, 255).astype(np.uint8))


def test_drawings_in_three_colors_and_overexposed_pictures_are_no_masks() -> None:
    drawing = np.zeros((70, 70, 3), np.uint8)
    drawing[20:40, 20:40], drawing[45:70, 30:70] = (255, 0, 0), (0, 200, 90)
    assert not is_two_colored(drawing)
    white = np.full((70, 70, 3), 255, np.uint8)
    assert not is_two_colored(white)
    white[30:40, 30:40] = (200, 120, 110)
    white[32:35, 32:35] = (90, 40, 30)
    assert not is_two_colored(white)


def test_a_folder_of_masks_alone_and_pictures_with_masks_names_stay(tmp_path: Path) -> None:
    for number in range(3):
        mask(tmp_path / f"{number}_segmentation.png", number)
        picture(tmp_path / "color" / "a" / f"{number}.jpg", number)
        picture(tmp_path / "color" / "b" / f"{number}.jpg", number + 5)
        picture(tmp_path / "color" / f"{number}_lesion.jpg", number + 9)
    assert len(list_images(tmp_path / "color")) == 9
    (tmp_path / "only").mkdir()
    for path in tmp_path.glob("*.png"):
        path.rename(tmp_path / "only" / path.name)
    assert len(list_images(tmp_path / "only")) == 3


def test_a_mask_that_nothing_gave_away_is_found_when_it_is_decoded(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    mask(tmp_path / "b.png")
    assert decode(tmp_path, "a.png", 32)[1] is not None
    decoded, rgb = decode(tmp_path, "b.png", 32)
    assert (decoded.reason, rgb) == (MASK, None)


def test_the_first_page_of_a_tiff_is_taken_and_that_is_said(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (8, 8), color) for color in ("red", "green")]
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    pages[1].save(tmp_path / "y.tif")
    listing = list_folder(tmp_path)
    assert len(listing.pictures) == 2
    assert listing.notes == ("Of 1 TIFF file with several pages the first page is taken (x.tif).",)


def test_what_systems_keep_for_themselves_is_never_listed(tmp_path: Path) -> None:
    picture(tmp_path / "nv" / "a.jpg")
    picture(tmp_path / "mel" / "b.jpg")
    for name in ("nv/._a.jpg", "nv/Thumbs.db", "nv/.DS_Store", "__MACOSX/nv/._a.jpg", "@eaDir/a.jpg/s.jpg", ".x/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\5\26\7")
    listing = list_folder(tmp_path)
    assert [path.name for path in listing.pictures] == ["b.jpg", "a.jpg"]
    assert (listing.notes, listing.unreadable) == ((), ())
    assert len(read_cases(tmp_path, None).cases) == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.dcm", r"holds no pictures that can be read, but 1 DICOM file \(a.dcm\); export them as PNG or JPEG"),
        ("IM0001", r"1 DICOM file \(IM0001\)"),
        ("a.HEIC", r"1 HEIC file \(a.HEIC\); save them as JPEG"),
        ("a.zip", "archive file .*; unpack them first"),
        ("notes.txt", r"holds no pictures \(jpg, png"),
    ],
)
def test_a_folder_of_other_files_says_what_is_there_and_what_to_do(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"some notes" if name == "notes.txt" else b"\0" * 128 + b"DICM")
    with pytest.raises(UserError, match=says):
        list_folder(tmp_path).check()
    with pytest.raises(UserError, match=says):
        read_cases(tmp_path, None)
    picture(tmp_path / "p.png")  # the step that is proposed
    assert len(list_folder(tmp_path).check().pictures) == 1


def test_dicom_beside_pictures_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "p.png")
    (tmp_path / "a.dcm").touch()
    assert list_folder(tmp_path).notes[0].startswith("Not read: 1 DICOM file (a.dcm); export")


def soft(path: Path, seed: int = 0, mode: str = "L") -> None:
    """A mask with soft edges, as large as the pictures of `colored`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Image.new("L", (64, 48), 0)
    drawn.paste(255, (14 + seed, 12, 44, 36))
    drawn.filter(ImageFilter.GaussianBlur(3)).convert(mode).save(path)


def colored(path: Path, seed: int = 0, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A lesion on skin within a dark round edge."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[: size[1], : size[0]]
    across = np.hypot(rows - size[1] / 2, columns - size[0] / 2 - seed)[:, :, None]
    rgb = np.where(across < 9, (90, 50, 40), np.where(across < 0.6 * size[1], (250, 225, 215), (8, 5, 5)))
    noise = np.random.default_rng(seed).integers(-5, 6, rgb.shape)
    drawn = Image.fromarray((rgb + noise).clip(0, 255).astype(np.uint8))
    drawn.save(path)
    return drawn


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("place", ["{}/{}_lesion.png", "{}/{}_prob.png", "maps/{}/{}.png"])
def test_masks_with_soft_edges_beside_their_pictures_are_left_out(place: str, mode: str, tmp_path: Path) -> None:
    for number in range(4):
        for name in ("mel", "nv"):
            colored(tmp_path / name / f"{number}.jpg", number)
            soft(tmp_path / place.format(name, number), number, mode)
    listing = list_folder(tmp_path)
    assert {path.suffix for path in listing.pictures} == {".jpg"}
    assert (len(listing.pictures), len(listing.masks)) == (8, 8)


def test_grey_pictures_beside_colored_ones_stay(tmp_path: Path) -> None:
    for number in range(4):
        color = colored(tmp_path / "mel" / f"{number}.png", number)
        color.convert("L").save(tmp_path / "mel" / f"{number}_grey.png")
        colored(tmp_path / "x.png", number + 5).convert("L").save(tmp_path / "mel" / f"{number}_second.png")
        soft(tmp_path / "mel" / f"alone{number}a.png", number)
        colored(tmp_path / "nv" / f"{number}.png", number, (80, 60))
        soft(tmp_path / "nv" / f"{number}_size.png", number)
    assert list_folder(tmp_path).masks == ()


@pytest.mark.parametrize("ending", ["jfif", "jpe", "JPE", "pjpeg"])
def test_a_jpeg_is_one_under_each_of_its_endings(ending: str, tmp_path: Path) -> None:
    for name in ("mel", "nv"):
        picture(tmp_path / name / "a.jpg")
        (tmp_path / name / "a.jpg").rename(tmp_path / name / f"a.{ending}")
    assert len(list_folder(tmp_path).pictures) == 2
    (tmp_path / "l.csv").write_text("image,dx\na,mel\n")
    assert len(read_cases(tmp_path / "mel", tmp_path / "l.csv").cases) == 1
    assert decode(tmp_path, f"mel/a.{ending}", 32)[1] is not None


@pytest.mark.parametrize(
    ("endings", "says"),
    [
        (("gif", "GIF"), "Not read: 2 GIF files (x0.gif first); save them as PNG or JPEG first."),
        (("avif",), "Not read: 1 AVIF file (x0.avif); save them as PNG or JPEG first."),
        (("jp2", "j2k", "jpx"), "Not read: 3 JPEG 2000 files (x0.jp2 first); save them as PNG or JPEG first."),
        (("ppm",), "Not read: 1 PPM file (x0.ppm); save them as PNG or JPEG first."),
        (("psd",), "Not read: 1 Photoshop file (x0.psd); save them as PNG or JPEG first."),
        (("nef",), "Not read: 1 camera raw file (x0.nef); save them as PNG or JPEG first."),
        (("zip", "txt", "csv"), ""),
    ],
)
def test_pictures_of_kinds_that_are_not_read_are_counted_and_named(
    endings: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    for name in ("mel", "nv"):
        picture(tmp_path / name / "a.jpg")
    for number, ending in enumerate(endings):
        (tmp_path / "nv" / f"x{number}.{ending}").write_bytes(b"x")
    assert list_folder(tmp_path).notes == ((says,) if says else ())
    assert read_cases(tmp_path, None).problems == ([says] if says else [])


def test_a_class_folder_of_other_pictures_alone_is_said_to_hold_those(tmp_path: Path) -> None:
    for name in ("mel", "nv"):
        picture(tmp_path / name / "a.jpg")
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "a.gif").write_bytes(b"x")
    with pytest.raises(UserError, match=r"bcc holds no pictures that can be read, but 1 GIF file .* or remove it"):
        read_cases(tmp_path, None)


@pytest.mark.parametrize("ending", ["gif", "jp2", "dcm"])
def test_a_table_still_names_pictures_that_were_saved_in_another_format(ending: str, tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "l.csv").write_text(f"image,dx\na.{ending},mel\nb.{ending},nv\n")
    assert {case.diagnoses[0] for case in read_cases(tmp_path, tmp_path / "l.csv").cases} == {"mel", "nv"}
