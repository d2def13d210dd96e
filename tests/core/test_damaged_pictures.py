"""Damaged pictures: each is read whole or refused in one line, and nothing is printed or warned."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from explorer.core.errors import UserError
from explorer.core.images import read_image, thumbnail

FORMS: dict[str, dict[str, Any]] = {
    "jpg": {"format": "JPEG", "quality": 90},
    "progressive": {"format": "JPEG", "progressive": True},
    "png": {"format": "PNG"},
    "tif": {"format": "TIFF"},
    "lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    "deflate": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    "jpeg_in_tif": {"format": "TIFF", "compression": "jpeg"},
    "bmp": {"format": "BMP"},
    "webp": {"format": "WEBP"},
    "lossless": {"format": "WEBP", "lossless": True},
}


def whole(form: str) -> bytes:
    down, across = np.mgrid[:40, :56]
    picture = np.stack([across * 4, down * 6, (across + down) * 2], -1).astype(np.uint8)
    picture[::5] = np.random.default_rng(7).integers(0, 256, picture[::5].shape)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    content = io.BytesIO()
    Image.fromarray(picture).save(content, exif=exif, **FORMS[form])
    return content.getvalue()


@pytest.fixture
def attempt(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[bytes], Any]]:
    """Read bytes as a picture: pixels, or None where they are refused as they should be."""

    def read(content: bytes) -> Any:
        path = tmp_path / "hurt.png"
        path.write_bytes(content)
        results = []
        for work in (read_image, thumbnail):
            try:
                results.append(work(path))
            except UserError as error:
                text = str(error)
                assert text.startswith("hurt.png: ")
                assert text.endswith(".")
                assert "; " in text  # what to do
                assert text.isprintable()
                assert len(text) < 260
                results.append(None)
        for pixels in results:
            assert pixels is None or (pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3)
        return results[0]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield read
    assert [str(warning.message) for warning in caught] == []
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_that_is_cut_short_is_refused_or_loses_nothing(form: str, attempt: Callable[[bytes], Any]) -> None:
    content = whole(form)
    pixels = attempt(content)
    assert pixels is not None
    refused = 0
    for length in (
        *range(0, len(content), max(1, len(content) // 24)),
        *range(len(content) - 12, len(content)),
    ):
        read = attempt(content[:length])
        refused += read is None
        assert read is None or np.array_equal(read, pixels)
    assert refused >= 24


@pytest.mark.parametrize("form", FORMS)
def test_flipped_bytes_are_read_or_refused(form: str, attempt: Callable[[bytes], Any]) -> None:
    content = whole(form)
    random = np.random.default_rng(11)
    for number in range(40):
        hurt = bytearray(content)
        reach = len(hurt) if number % 2 else min(len(hurt), 200)  # headers break in more interesting ways
        for at in random.integers(0, reach, random.integers(1, 6)):
            hurt[at] = random.integers(0, 256)
        attempt(bytes(hurt))


@pytest.mark.parametrize("form", FORMS)
def test_headers_of_another_format_are_read_or_refused(form: str, attempt: Callable[[bytes], Any]) -> None:
    content = whole(form)
    for other in FORMS:
        for size in (4, 16, 64):
            attempt(whole(other)[:size] + content[size:])
            attempt(whole(other)[:size] + content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 5000,
        b"isic_id,diagnosis\n1,nv\n",
        b"<html>404</html>",
        b"\xff\xd8\xff",
        b"BM",
        b"%PDF-1.7",
    ],
    ids=["empty", "zero", "zeros", "csv", "html", "jpeg start", "bmp start", "pdf"],
)
def test_what_never_was_a_picture_is_refused(content: bytes, attempt: Callable[[bytes], Any]) -> None:
    assert attempt(content) is None


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *extra: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rest = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + rest


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 90, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(36)


def tiff(tags: dict[int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + bytes(64)


def grey(width: int, height: int, **more: int) -> bytes:
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 64}
    return tiff(tags | {int(tag[1:]): value for tag, value in more.items()})


@pytest.mark.parametrize(
    "content",
    [
        png(100_000, 100_000),
        png(2**31 - 1, 2**31 - 1),
        png(2**32 - 1, 1),
        png(0, 0),
        png(60_000, 2_000),
        bmp(100_000, 100_000),
        bmp(2**31 - 1, -(2**31)),
        bmp(-5, 5),
        grey(100_000, 100_000),
        grey(2**32 - 1, 2**32 - 1),
        grey(0, 5),
        grey(50, 50, t278=0),
        grey(50, 50, t258=0),
        grey(50, 50, t277=4_000_000),
        grey(50, 50, t259=50000),
        grey(50, 50, t273=2**32 - 1),
        grey(50, 50, t262=99),
        png(3, 3, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(80_000_000), 1))),
        png(3, 3, chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(80_000_000), 1))),
        png(3, 3, chunk(b"eXIf", b"MM\0*" + b"\xff" * 40)),
        png(3, 3, chunk(b"acTL", b"\0")),
        png(3, 3, chunk(b"acTL", bytes(8))),
        whole("jpg").replace(b"\xff\xc0\x00\x11\x08\x00\x28\x00\x38", b"\xff\xc0\x00\x11\x08\xff\xff\xff\xff"),
        whole("jpg").replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
    ],
    ids=range(24),
)
def test_impossible_claims_are_read_or_refused(content: bytes, attempt: Callable[[bytes], Any]) -> None:
    read = attempt(content)
    assert read is None or read.size < 10_000


def test_truncated_pictures_stay_refused_by_pillow() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_fixture_would_see_warnings(tmp_path: Path) -> None:
    """Pillow does warn of one of these files, so their silence is ours."""
    path = tmp_path / "x.png"
    path.write_bytes(png(3, 3, chunk(b"acTL", bytes(8))))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(path).close()
    assert any("APNG" in str(warning.message) for warning in caught)
