"""What a user relies on: every picture of a folder is found, in order, and its pixels are read rightly."""

import hashlib
import os
import re
import struct
import sys
import threading
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms
from skimage import color, io

from explorer.core.errors import UserError
from explorer.core.images import ENDINGS, list_images, natural_key, picture_digest, read_image, thumbnail
from explorer.core.progress import Cancelled
from tests.conftest import SHARED

DATA = SHARED
LAW = settings(max_examples=40)
SHAPES = st.tuples(st.integers(1, 24), st.integers(1, 24))
PICTURES = SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, (*shape, 3)))
unprivileged = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything"
)
linking = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in list_images(root)]


def ramp(height: int = 30, width: int = 44) -> np.ndarray:
    """A smooth picture without symmetry, so that every turn shows and JPEG changes little."""
    down, across = np.mgrid[:height, :width]
    return np.stack([across * 255 // width, down * 255 // height, (across + down) * 2], -1).astype(np.uint8)


# --- listing ---------------------------------------------------------------------------------------------------


def test_pictures_of_all_subfolders_in_natural_order(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "img10.jpg",
        "IMG2.JPG",
        "img1.png",
        "img.webp",
        "b/2.tif",
        "b/10.tiff",
        "B9/1.bmp",
        "b10/1.JPeG",
    )
    touch(tmp_path, "notes.txt", "labels.csv", "jpg", "a.jpg.part", ".hidden.png", "._b.jpg", ".cache/x.png")
    assert listed(tmp_path) == [
        "b/2.tif", "b/10.tiff", "B9/1.bmp", "b10/1.JPeG", "img.webp", "img1.png", "IMG2.JPG", "img10.jpg",
    ]  # fmt: skip


def test_a_folder_named_like_a_picture_is_a_folder_and_a_hidden_start_is_fine(tmp_path: Path) -> None:
    touch(tmp_path, ".mine/scan.png/1.png")
    assert listed(tmp_path / ".mine") == ["scan.png/1.png"]
    assert list_images(str(tmp_path / ".mine")) == list_images(tmp_path / ".mine")


def test_a_single_file_lists_itself(tmp_path: Path) -> None:
    touch(tmp_path, "one.png")
    assert list_images(tmp_path / "one.png") == (tmp_path / "one.png",)


@pytest.mark.parametrize("name", ["missing", "mis\nsing", "nul\0"])
def test_a_missing_folder_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="choose") as caught:
        list_images(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_lists_nothing(tmp_path: Path) -> None:
    assert list_images(tmp_path) == ()


@linking
@pytest.mark.timeout(20)
def test_links_are_followed_once_and_never_in_circles(tmp_path: Path) -> None:
    root = tmp_path / "root"
    touch(root, "sub/1.png")
    touch(tmp_path, "elsewhere/2.png", "stranger.png")
    (root / "sub" / "round").symlink_to(root)
    (root / "a_link").symlink_to(root / "sub")  # sorts first, yet the picture keeps its own path
    (root / "away").symlink_to(tmp_path / "elsewhere")
    (root / "up").symlink_to(tmp_path)  # would bring in what nobody chose
    (root / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (root / "self.png").symlink_to("self.png")
    (root / "self").symlink_to("self")
    assert listed(root) == ["away/2.png", "gone.png", "self.png", "sub/1.png"]
    with pytest.raises(UserError, match=r"self.png: it cannot be read"):
        read_image(root / "self.png")
    with pytest.raises(UserError, match="does not exist"):
        read_image(root / "gone.png")


@unprivileged
def test_a_locked_subfolder_is_named_and_stops_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "open/1.png", "locked/2.png")
    (tmp_path / "locked").chmod(0)
    problems: list[str] = []
    try:
        assert [path.name for path in list_images(tmp_path, on_problem=problems.append)] == ["1.png"]
        assert len(problems) == 1
        assert "locked" in problems[0]
        with pytest.raises(UserError, match="may not be read"):
            list_images(tmp_path / "locked")
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_subfolder_that_fails_is_named_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "fine/1.png", "broken/2.png")
    scan = os.scandir

    def failing(path: str) -> Any:
        if path.endswith("broken"):
            raise OSError(5, "Input/output error")
        return scan(path)

    monkeypatch.setattr(os, "scandir", failing)
    problems: list[str] = []
    assert [path.name for path in list_images(tmp_path, on_problem=problems.append)] == ["1.png"]
    assert len(problems) == 1
    assert "broken" in problems[0]
    assert "Input/output error" in problems[0]


def test_thousands_of_pictures_are_listed_in_order_and_can_be_cancelled(tmp_path: Path) -> None:
    for folder in range(5):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            os.close(os.open(tmp_path / str(folder) / f"img{number}.jpg", os.O_CREAT | os.O_WRONLY))
    steps: list[int] = []
    found = list_images(tmp_path, on_step=lambda done, total: steps.append(done))
    assert len(found) == 5_000
    assert found[10].name == "img10.jpg"
    assert found[-1].relative_to(tmp_path).as_posix() == "4/img999.jpg"
    assert len(steps) >= 10
    assert steps == sorted(steps)

    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        list_images(tmp_path, on_step=stop)


@LAW
@given(st.lists(st.tuples(st.text("abAB._ -é", max_size=3), st.integers(0, 10**6)), min_size=2, max_size=6))
def test_numbers_in_names_sort_by_value_whatever_the_case(parts: list[tuple[str, int]]) -> None:
    for prefix, number in parts:
        assert natural_key(f"{prefix}x{number}.png") < natural_key(f"{prefix.upper()}X{number + 1}.PNG")
    names = [f"{prefix}{number}.png" for prefix, number in parts]
    once = sorted(names, key=natural_key)
    assert [natural_key(name) for name in once] == sorted(natural_key(name) for name in reversed(names))


def test_names_of_folders_with_dots_sort_by_value() -> None:
    assert natural_key("A1.JPG") == natural_key("a01.jpg")
    assert sorted(["v1.10", "v1.9", "V1.2"], key=natural_key) == ["V1.2", "v1.9", "v1.10"]


# --- reading ---------------------------------------------------------------------------------------------------


@LAW
@given(PICTURES, st.sampled_from(["png", "tif", "bmp", "webp", "lzw"]))
def test_lossless_formats_give_back_every_pixel(tmp_path: Path, picture: np.ndarray, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    options: dict[str, Any] = {
        "webp": {"lossless": True, "exact": True},
        "lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    }
    Image.fromarray(picture).save(path, **options.get(kind, {}))
    read = read_image(path)
    np.testing.assert_array_equal(read, picture)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.owndata
    assert read.flags.writeable


def test_a_jpeg_is_read_as_scikit_image_reads_it(tmp_path: Path) -> None:
    for number, options in enumerate([{"quality": 80}, {"progressive": True}, {"subsampling": 0}]):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(ramp()).save(path, **options)
        np.testing.assert_array_equal(read_image(path), io.imread(path))


def test_the_content_decides_and_not_the_ending(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "picture.jpg", format="PNG")
    np.testing.assert_array_equal(read_image(str(tmp_path / "picture.jpg")), ramp())


def test_other_formats_of_pillow_stay_shut(tmp_path: Path) -> None:
    for kind in ("GIF", "PPM", "ICO", "TGA"):
        Image.fromarray(ramp()).save(tmp_path / "x.png", format=kind)
        with pytest.raises(UserError, match="not a JPEG, PNG, TIFF, BMP or WebP"):
            read_image(tmp_path / "x.png")


STORED = {  # EXIF orientation -> how an upright picture lies in the file
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["png", "tif", "webp", "jpg", "lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"x.{kind}"
    options: dict[str, Any] = {
        "webp": {"lossless": True},
        "jpg": {"quality": 100, "subsampling": 0},
        "lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    }
    stored = np.ascontiguousarray(STORED[orientation](ramp()))
    Image.fromarray(stored).save(path, exif=exif, **options.get(kind, {}))
    read = read_image(path)
    assert read.shape == ramp().shape
    np.testing.assert_allclose(read.astype(int), ramp(), atol=6 if kind == "jpg" else 0)
    small = thumbnail(path, 22)
    assert small.shape == (15, 22, 3)
    by_hand = np.asarray(Image.fromarray(ramp()).resize((22, 15), Image.Resampling.BOX)).astype(int)
    assert np.abs(small.astype(int) - by_hand).mean() < 4


def test_grey_tiffs_are_turned_and_scaled(tmp_path: Path) -> None:
    grey = ramp()[:, :, 0].astype(np.uint16) * 257
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(grey).copy()).save(tmp_path / "x.tif", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "x.tif")[:, :, 1], ramp()[:, :, 0])


def test_an_unreadable_exif_costs_nothing_but_the_turn(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "x.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), ramp())


# --- depth and mode --------------------------------------------------------------------------------------------


@LAW
@given(SHAPES.flatmap(lambda shape: arrays.arrays(np.uint16, shape)), st.sampled_from("<>"), st.booleans())
def test_sixteen_bit_grey_keeps_its_order_and_its_ends(tmp_path: Path, grey: np.ndarray, order: str, png: bool) -> None:
    grey[0, 0] = 65535
    grey[-1, -1] = 0 if grey.size > 1 else 65535
    path = tmp_path / ("x.png" if png else "x.tif")
    if png:
        Image.fromarray(grey).save(path)
    else:
        tifffile.imwrite(path, grey, byteorder=order, photometric="minisblack")
    read = read_image(path)
    assert (read[:, :, 0] == read[:, :, 1]).all()
    assert (read[:, :, 0] == read[:, :, 2]).all()
    np.testing.assert_array_equal(read[:, :, 0], np.rint(grey / 257))
    in_order = np.argsort(grey, axis=None)
    assert (np.diff(read[:, :, 0].ravel()[in_order].astype(int)) >= 0).all()


def test_eight_bit_values_survive_sixteen_bits(tmp_path: Path) -> None:
    every = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(every * 257).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png")[:, :, 0], every)


def test_where_zero_means_white_it_is_white(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for values in (grey, grey.astype(np.uint16) * 257, (grey / 255).astype(np.float32)):
        tifffile.imwrite(tmp_path / "x.tif", values, photometric="miniswhite", byteorder="<")
        np.testing.assert_array_equal(read_image(tmp_path / "x.tif")[:, :, 0], 255 - grey)


def tiff_of_12_bits() -> bytes:
    """One row of 4 grey values of 12 bits: 0, 4095, 2048, 16."""
    tags = [
        (256, 4),
        (257, 1),
        (258, 12),
        (259, 1),
        (262, 1),
        (273, 8 + 2 + 9 * 12 + 4),
        (277, 1),
        (278, 1),
        (279, 6),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4 if tag == 273 else 3, 1, value) for tag, value in tags)
    rows = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x10])
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + rows


def test_twelve_bits_are_scaled_by_their_range_only_where_the_file_says_twelve(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(tiff_of_12_bits())
    assert read_image(tmp_path / "x.tif")[0, :, 0].tolist() == [0, 255, 128, 1]
    Image.fromarray(np.array([[0, 4095]], np.uint16)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png")[0, :, 0].tolist() == [0, 16]


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.int16, [0, 32767, 16384], [0, 255, 128]),
        (np.int32, [0, 65535, 257], [0, 255, 1]),
        (np.uint32, [0, 65535, 257], [0, 255, 1]),
    ],
)
def test_whole_numbers_are_scaled_by_their_range(
    tmp_path: Path, dtype: Any, values: list[int], expected: list[int]
) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.array([values], dtype), photometric="minisblack")
    assert read_image(tmp_path / "x.tif")[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    "values",
    [np.array([[-1]], np.int16), np.array([[65536]], np.int32), np.array([[2**32 - 1]], np.uint32)],
    ids=["negative", "beyond", "unsigned"],
)
def test_whole_numbers_of_no_known_range_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "x.tif", values, photometric="minisblack")
    with pytest.raises(UserError, match=r"x.tif: its grey values lie beyond 0 to \d+; save it"):
        read_image(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.25, 0.25, 0.5], [64, 64, 128]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([0.0, 100.0, 1000.0], [0, 26, 255]),
        ([np.nan, 0.2, 1.0], [0, 51, 255]),
        ([np.inf, 0.2, -np.inf], [255, 51, 0]),
        ([np.inf, 2.0, 4.0], [255, 0, 255]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
        ([7.0, 7.0, 7.0], [0, 0, 0]),
        ([-3.4e38, 0.0, 3.4e38], [0, 128, 255]),
    ],
)
def test_floats_mean_zero_to_one_or_else_their_own_range(
    tmp_path: Path, values: list[float], expected: list[int]
) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.array([values], np.float32), photometric="minisblack")
    assert read_image(tmp_path / "x.tif")[0, :, 0].tolist() == expected


def test_signed_bytes_are_refused_because_pillow_takes_minus_one_for_white(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.array([[-1, 5]], np.int8), photometric="minisblack")
    with pytest.raises(UserError, match=r"x.tif: its values are signed 8-bit numbers; save it again"):
        read_image(tmp_path / "x.tif")


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("packing", [None, "zlib"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_colour_is_right_or_refused(tmp_path: Path, planes: str, packing: str | None, order: str) -> None:
    colour = np.random.default_rng(1).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    laid = colour if planes == "contig" else np.ascontiguousarray(colour.transpose(2, 0, 1))
    tifffile.imwrite(
        tmp_path / "x.tif", laid, photometric="rgb", planarconfig=planes, compression=packing, byteorder=order
    )
    if planes == "separate" and packing is None:  # Pillow returns wrong pixels here
        with pytest.raises(UserError, match="planes of 16 bits; save it again"):
            read_image(tmp_path / "x.tif")
    else:
        np.testing.assert_array_equal(read_image(tmp_path / "x.tif"), colour >> 8)


def png(depth: int, kind: int, width: int, row: bytes, *, clear: bytes = b"") -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, kind, 0, 0, 0))
        + (chunk(b"tRNS", clear) if clear else b"")
        + chunk(b"IDAT", zlib.compress(b"\0" + row))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(16, 2, 2, struct.pack(">6H", 0, 257, 65535, 4660, 255, 256)), [[0, 1, 255], [18, 0, 1]]),
        (png(16, 6, 2, struct.pack(">8H", 0, 257, 65535, 65535, 9, 9, 9, 0)), [[0, 1, 255], [255] * 3]),
        (png(16, 4, 2, struct.pack(">4H", 257 * 9, 65535, 9, 0)), [[9] * 3, [255] * 3]),
        (png(8, 4, 2, bytes([9, 255, 100, 51])), [[9] * 3, [224] * 3]),
        (png(8, 6, 1, bytes([10, 20, 30, 128])), [[132, 137, 142]]),
        (png(1, 0, 4, b"\x50"), [[0] * 3, [255] * 3] * 2),
        (png(2, 0, 4, b"\x1b"), [[0] * 3, [85] * 3, [170] * 3, [255] * 3]),
        (png(2, 0, 4, b"\x1b", clear=b"\0\x01"), [[0] * 3, [255] * 3, [170] * 3, [255] * 3]),
        (png(4, 0, 2, b"\x2a", clear=b"\0\x02"), [[255] * 3, [170] * 3]),
        (png(1, 0, 4, b"\x50", clear=b"\0\0"), [[255] * 3] * 4),
        (png(8, 0, 3, b"\1\2\3", clear=b"\0\2"), [[1] * 3, [255] * 3, [3] * 3]),
        (
            png(16, 0, 3, struct.pack(">3H", 300, 301, 0), clear=struct.pack(">H", 300)),
            [[255] * 3, [1] * 3, [0] * 3],
        ),
        (png(8, 2, 2, bytes([1, 2, 3, 4, 5, 6]), clear=b"\0\1\0\2\0\3"), [[255] * 3, [4, 5, 6]]),
    ],
    ids=range(13),
)
def test_every_depth_of_png_and_transparent_shows_white(tmp_path: Path, content: bytes, expected: list[Any]) -> None:
    (tmp_path / "x.png").write_bytes(content)
    assert read_image(tmp_path / "x.png")[0].tolist() == expected


def test_a_transparent_colour_of_sixteen_bits_is_refused_because_its_low_bytes_are_lost(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.png").write_bytes(png(16, 2, 1, bytes(6), clear=bytes(6)))
    with pytest.raises(UserError, match="transparent; save it again"):
        read_image(tmp_path / "x.png")


def test_palettes_with_and_without_transparency(tmp_path: Path) -> None:
    indexed = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    indexed.putpalette([10, 20, 30, 200, 100, 0, 1, 1, 1])
    for options, first in (
        ({}, [10, 20, 30]),
        ({"transparency": 0}, [255] * 3),
        ({"transparency": b"\x80"}, [132, 137, 142]),
    ):
        indexed.save(tmp_path / "x.png", **options)
        assert read_image(tmp_path / "x.png")[0].tolist() == [first, [200, 100, 0], [1, 1, 1]]
    indexed.save(tmp_path / "x.tif")
    assert read_image(tmp_path / "x.tif")[0].tolist() == [[10, 20, 30], [200, 100, 0], [1, 1, 1]]


@LAW
@given(
    SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, (*shape, 4))),
    st.sampled_from(["png", "tif", "webp"]),
)
def test_transparent_pixels_lie_over_white(tmp_path: Path, rgba: np.ndarray, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    Image.fromarray(rgba).save(path, **({"lossless": True, "exact": True} if kind == "webp" else {}))
    alpha = rgba[:, :, 3:].astype(float) / 255
    over_white = rgba[:, :, :3] * alpha + 255 * (1 - alpha)
    np.testing.assert_allclose(read_image(path), over_white, atol=1)


def test_cmyk_jpegs_are_not_inverted(tmp_path: Path) -> None:
    cmyk = Image.fromarray(ramp()).convert("CMYK")
    cmyk.save(tmp_path / "x.jpg", quality=100, subsampling=0)
    np.testing.assert_allclose(read_image(tmp_path / "x.jpg").astype(int), ramp(), atol=8)
    assert read_image(tmp_path / "x.jpg").shape == ramp().shape
    cmyk.save(tmp_path / "x.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "x.tif"), ramp())


def test_ycck_jpegs_of_adobe_are_read(tmp_path: Path) -> None:
    """Y, Cb, Cr are made of the inks as if they were RGB; K, and the inks on the way out, are stored inverted."""
    path = tmp_path / "x.jpg"
    planes = np.dstack(
        [np.asarray(Image.fromarray(255 - ramp()).convert("YCbCr")), np.full(ramp().shape[:2], 255, np.uint8)]
    )
    Image.fromarray(255 - planes, "CMYK").save(path, quality=100, subsampling=0)  # Pillow inverts on the way
    content = path.read_bytes()
    adobe = content.index(b"Adobe") + 11
    assert content[adobe] == 0
    path.write_bytes(content[:adobe] + b"\x02" + content[adobe + 1 :])
    with Image.open(path) as opened:
        assert (opened.mode, opened.info["adobe_transform"]) == ("CMYK", 2)
    np.testing.assert_allclose(read_image(path).astype(int), ramp(), atol=8)


def test_ycbcr_and_lab_tiffs(tmp_path: Path) -> None:
    Image.fromarray(ramp()).convert("YCbCr").save(tmp_path / "x.tif")
    np.testing.assert_allclose(read_image(tmp_path / "x.tif").astype(int), ramp(), atol=3)
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    ImageCms.applyTransform(Image.fromarray(ramp()), to_lab).save(tmp_path / "x.tif")
    values = tifffile.imread(tmp_path / "x.tif")
    read = read_image(tmp_path / "x.tif").astype(int)
    assert np.abs(read - ramp()).mean() < 4
    ab = values[:, :, 1:].astype(np.int8).astype(float)
    oracle = color.lab2rgb(np.dstack([values[:, :, :1] / 2.55, ab]), illuminant="D50")
    assert np.abs(read - oracle * 255).mean() < 12  # scikit-image does not adapt the white point


def test_the_first_frame_is_read(tmp_path: Path) -> None:
    first, second = Image.fromarray(ramp()), Image.fromarray(255 - ramp())
    for name, options in (("x.tif", {}), ("x.webp", {"lossless": True}), ("x.png", {})):
        first.save(tmp_path / name, save_all=True, append_images=[second], **options)
        np.testing.assert_array_equal(read_image(tmp_path / name), ramp())


def test_colour_profiles_change_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(ramp()).save(tmp_path / "x.png", icc_profile=profile)
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), ramp())


# --- refusals --------------------------------------------------------------------------------------------------


def test_bombs_are_refused_with_their_size(tmp_path: Path) -> None:
    for width, height, says in (
        (10_001, 10_000, "10001 x 10000 pixels"),
        (40_000, 40_000, "1600 megapixels"),
    ):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        content = png(8, 2, 1, bytes(3))
        crc = struct.pack(">I", zlib.crc32(b"IHDR" + header))
        (tmp_path / "x.png").write_bytes(content[:16] + header + crc + content[33:])
        for read in (read_image, thumbnail):
            with pytest.raises(UserError, match=rf"x.png: it claims {says}.*make a smaller copy"):
                read(tmp_path / "x.png")


def test_the_limit_can_be_chosen(tmp_path: Path) -> None:
    Image.fromarray(ramp(10, 10)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png", max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(UserError, match="10 x 10"):
        read_image(tmp_path / "x.png", max_pixels=99)


@pytest.mark.parametrize("read", [read_image, thumbnail, picture_digest])
def test_what_is_no_readable_file_is_said(tmp_path: Path, read: Any) -> None:
    with pytest.raises(UserError, match=r"gone.png: it does not exist"):
        read(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match=r"folder.png: "):
        read(tmp_path / "folder.png")
    with pytest.raises(UserError):
        read(tmp_path / "nul\0.png")


@unprivileged
def test_a_locked_file_is_said(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "x.png")
    (tmp_path / "x.png").chmod(0)
    with pytest.raises(UserError, match=r"x.png: it may not be read; change its permissions"):
        read_image(tmp_path / "x.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.timeout(10)
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    assert list_images(tmp_path) == ()
    with pytest.raises(UserError):
        read_image(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "not enough memory"),
        (PermissionError(13, "Permission denied"), "may not be read"),
        (OSError(5, "Input/output error"), r"Input/output error\); check the drive"),
        (RecursionError("maximum\nrecursion"), "damaged"),
        (zlib.error("Error -3"), "damaged"),
        (struct.error("unpack"), "damaged"),
        (KeyError("x"), "damaged"),
    ],
)
def test_whatever_a_decoder_raises_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    Image.fromarray(ramp()).save(tmp_path / "x.png")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(UserError, match=f"^x.png: .*{says}") as caught:
        read_image(tmp_path / "x.png")
    assert re.fullmatch(r"[^\n]+; [^\n]+\.", str(caught.value))


def test_several_threads_leave_the_warning_filters_as_they_are(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "x.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_image(tmp_path / "x.jpg")
        before = list(warnings.filters)
        readers = [
            threading.Thread(target=lambda: [read_image(tmp_path / "x.jpg") for _ in range(30)]) for _ in range(4)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert list(warnings.filters) == before
        with pytest.raises(UserWarning):
            warnings.warn("not Pillow's", stacklevel=1)


# --- thumbnails and digests ------------------------------------------------------------------------------------


@LAW
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([16, 96]), st.sampled_from(["jpg", "png"]))
def test_the_longer_side_of_a_thumbnail_is_as_asked(
    tmp_path: Path, height: int, width: int, side: int, kind: str
) -> None:
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(tmp_path / f"x.{kind}")
    small = thumbnail(tmp_path / f"x.{kind}", side)
    assert max(small.shape[:2]) == side
    assert min(small.shape[:2]) == max(1, round(min(height, width) * side / max(height, width)))
    assert np.abs(small.astype(int) - 90).max() <= 3


def test_a_thumbnail_is_the_picture_made_small(tmp_path: Path) -> None:
    Image.fromarray(ramp(600, 800)).save(tmp_path / "x.jpg", quality=95)
    whole = Image.fromarray(read_image(tmp_path / "x.jpg"))
    oracle = np.asarray(whole.resize((96, 72), Image.Resampling.LANCZOS)).astype(int)
    small = thumbnail(tmp_path / "x.jpg")
    assert np.abs(small.astype(int) - oracle).mean() < 2
    assert small.flags.owndata
    assert small.flags.writeable


def test_a_thumbnail_of_a_large_jpeg_is_much_cheaper_than_reading_it(tmp_path: Path) -> None:
    Image.fromarray(ramp(2000, 3000)).save(tmp_path / "x.jpg")

    def seconds(read: Any) -> float:
        start = time.thread_time()  # what other programs and threads do meanwhile does not count
        read(tmp_path / "x.jpg")
        return time.thread_time() - start

    assert min(seconds(thumbnail) for _ in range(3)) < 0.6 * min(seconds(read_image) for _ in range(3))


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"abc" * 100_000)
    assert picture_digest(tmp_path / "x.png") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared dermoscopy pictures are not on this machine")
def test_real_pictures_are_read_as_scikit_image_reads_them() -> None:
    pictures = list_images(DATA / "ham10000" / "images")
    assert len(pictures) == 2831
    for path in pictures[::300]:
        np.testing.assert_array_equal(read_image(path), io.imread(path))
    mask = list_images(DATA / "ham10000" / "masks")[0]
    assert set(np.unique(read_image(mask))) <= {0, 255}


def test_the_endings_are_those_promised() -> None:
    assert {"jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "png", "tif", "tiff", "bmp", "webp"} == ENDINGS
