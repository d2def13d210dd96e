"""Picture files -> decoded pictures of one size in a cohort's unfinished file, going on after a kill."""

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.cohort.hdf5_file import first_byte, room_for, write_at
from trainer.cohort.near_duplicates import read_signature, signature, written
from trainer.cohort.pixel_check import pixel_digest
from trainer.concepts.surround import surround
from trainer.files.atomic_files import cannot_write
from trainer.files.errors import UserError
from trainer.files.own_files import own_file
from trainer.files.progress import OnStep
from trainer.pictures.image_decoding import check_plain_file, opened, upright, why_unreadable
from trainer.pictures.masks import is_two_colored

MASK = "it has two colors only, as a mask has; it is no picture"

_FLUSHED = 128
"""Pictures after which the disk is told to keep what it has: so many are decoded again after a power cut."""


@dataclass(frozen=True)
class Decoded:
    """What is kept of one picture file beside its pixels; `reason` says why it has none, else "".

    `whole`: there is a field of view, and no lesion that it could be around.
    `width` and `height` are those in the file, 0 where an earlier version noted it.
    `size` in bytes and `changed` (nanoseconds) are the file's when it was read; `pixels` is the digest of what
    is stored.
    """

    name: str
    size: int
    changed: int
    digest: str = ""
    signature: str = ""
    reason: str = ""
    pixels: str = ""
    whole: bool = False
    width: int = 0
    height: int = 0


def part_of(path: Path) -> Path:
    """The unfinished file beside a cohort."""
    return path.with_name(f"{path.name}.part")


def journal_of(path: Path) -> Path:
    """The list of what the unfinished file holds, one JSON line for each picture."""
    return path.with_name(f"{path.name}.part.jsonl")


def decode_all(
    images: Path, names: Sequence[str], side: int, path: Path, on_step: OnStep, *, field_of_view: float = 0.0
) -> list[Decoded]:
    """Decode every picture into the unfinished file of the cohort `path`; the readable ones lie there in order.

    What an interrupted run with the same pictures, side and field of view left is kept, as far as the files are the
    same. A picture that cannot be read takes no room. UserError where the disk has no room or refuses.
    """
    part, journal = part_of(path), journal_of(path)
    pixels, heading = side * side * 3, _heading(names, side, field_of_view)
    done: list[Decoded] = []
    try:
        with own_file(part) as store, io.BufferedRandom(own_file(journal)) as lines:
            done = _taken_up(images, names, heading, lines, whole=bool(os.fstat(store.fileno()).st_size))
            reserve(store, part.parent, room_for(len(names), side), path)
            if not lines.tell():
                lines.write(_line(heading))
            row = sum(not decoded.reason for decoded in done)
            on_step(len(done), len(names))
            fresh: list[Decoded] = []
            try:
                for decoded, rgb in _decoded(images, names[len(done) :], side, field_of_view):
                    if rgb is not None:
                        write_at(store, first_byte() + row * pixels, rgb.tobytes())
                        row += 1
                    fresh.append(decoded)
                    done.append(decoded)
                    if len(fresh) == _FLUSHED:
                        _note(store, lines, fresh)
                    on_step(len(done), len(names))
            finally:
                _note(store, lines, fresh)
    except UserError:
        if not done:  # nothing to go on from; both are closed by now, because Windows removes no open file
            for file in (part, journal):
                with contextlib.suppress(OSError):
                    file.unlink()
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    return done


def reserve(part: io.FileIO, folder: Path, size: int, path: Path) -> None:
    """Make the unfinished file `size` bytes long with room on the disk, before work is done for nothing."""
    status = os.fstat(part.fileno())
    held = getattr(status, "st_blocks", 0) * 512
    free = shutil.disk_usage(folder).free
    problem = UserError(
        f"{path} needs {size / 1e6:,.0f} MB and its disk has {(free + held) / 1e6:,.0f} MB left; "
        "make room, choose another --out, or a smaller --size."
    )
    if free + held < size:
        raise problem
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(part.fileno(), 0, size)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                part.truncate(status.st_size)
                raise problem from error
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # the disk cannot promise room; go on
                raise


def _heading(names: Sequence[str], side: int, field_of_view: float) -> dict[str, object]:
    heading: dict[str, object] = {"side": side, "pictures": hashlib.sha256("\n".join(names).encode()).hexdigest()}
    return heading | ({"field_of_view": field_of_view} if field_of_view else {})


def _line(content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _note(store: io.FileIO, lines: io.BufferedRandom, fresh: list[Decoded]) -> None:
    """Write down what was decoded, after the disk has its pixels."""
    os.fsync(store.fileno())
    lines.writelines(_line(asdict(decoded)) for decoded in fresh)
    lines.flush()
    fresh.clear()


def _taken_up(
    images: Path, names: Sequence[str], heading: Mapping[str, object], lines: io.BufferedRandom, *, whole: bool
) -> list[Decoded]:
    """What an earlier run decoded of these very files, if it left pictures; the journal is cut behind it."""
    done: list[Decoded] = []
    end = 0
    try:
        first_line = lines.readline()
        if whole and json.loads(first_line) == heading:
            end = len(first_line)
            for name, line in zip(names, lines, strict=False):
                decoded = Decoded(**json.loads(line))
                if not line.endswith(b"\n") or not _same_file(images, name, decoded):
                    break
                done.append(decoded)
                end += len(line)
    except (ValueError, TypeError):  # the line in which it was killed
        pass
    lines.seek(end)
    lines.truncate()
    return done


def _same_file(images: Path, name: str, decoded: Decoded) -> bool:
    try:
        status = (images / name).stat()
        if not decoded.reason:
            read_signature(decoded.signature)
            if not decoded.pixels:  # an earlier version's
                return False
    except (OSError, ValueError):
        return False
    return (decoded.name, decoded.size, decoded.changed) == (name, status.st_size, status.st_mtime_ns)


def _decoded(
    images: Path, names: Sequence[str], side: int, field_of_view: float
) -> Iterator[tuple[Decoded, npt.NDArray[np.uint8] | None]]:
    """Every picture in order, some being decoded ahead: so many that all cores work, so few that memory stays flat."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ahead: deque[Future[tuple[Decoded, npt.NDArray[np.uint8] | None]]] = deque()
    with ThreadPoolExecutor(cores, "decoding") as pool:
        try:
            for name in names:
                ahead.append(pool.submit(decode, images, name, side, field_of_view))
                if len(ahead) > 4 * cores:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def decode(
    images: Path, name: str, side: int, field_of_view: float = 0.0
) -> tuple[Decoded, npt.NDArray[np.uint8] | None]:
    """One file's digest, signature and pixels (side, side, 3) uint8 RGB; None for a file that cannot be read.

    Modes, depths and EXIF are read as `trainer.pictures.image_decoding` does; the whole, or with a `field_of_view` the
    lesion's surround, is squashed to a square.
    """
    size = changed = 0
    digest = ""
    content = b""
    try:
        status = (images / name).stat()
        size, changed = status.st_size, status.st_mtime_ns
        check_plain_file(images / name)
        content = (images / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        decoded = _pixels(content, side, field_of_view)
        if decoded is None:
            return Decoded(name, size, changed, digest, reason=MASK), None
        rgb, whole, (width, height) = decoded
    except Exception as error:  # a decoder may raise anything when bytes are hostile
        return Decoded(name, size, changed, digest, reason=why_unreadable(error, content[:16])), None
    pixels = pixel_digest(rgb)
    return Decoded(name, size, changed, digest, written(signature(rgb)), "", pixels, whole, width, height), rgb


def _pixels(
    content: bytes, side: int, field_of_view: float
) -> tuple[npt.NDArray[np.uint8], bool, tuple[int, int]] | None:
    """The squashed picture, whether it is whole for want of a lesion, its (width, height) before; None for a mask."""
    with opened(io.BytesIO(content)) as picture:
        rgb = upright(picture)
        if is_two_colored(np.asarray(rgb)):
            return None
        given = rgb.size
        part = surround(np.asarray(rgb), field_of_view) if field_of_view else None
        if part is not None:
            rgb = rgb.crop((part.left, part.top, part.left + part.width, part.top + part.height))
        if rgb.size != (side, side):
            rgb = rgb.resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(rgb), bool(field_of_view) and part is None, given
