"""The pictures of an index: which they are, what they hold, and what the network sees of them, decoded ahead."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from explorer.core.labels import Labels, folder_labels, read_labels
from explorer.core.progress import OnStep
from explorer.core.shared_folder import shared_folder
from trainer.networks.input_spec import InputSpec
from trainer.pictures.folder_walk import list_folder
from trainer.pictures.image_decoding import picture_digest, read_image

Given = "Labels | Path | str | Mapping[str, str] | None"
"""Where classes come from: a table, what was read of one, or the class of each name."""

PREPARED = 1
"""Raised whenever `read_image` or `InputSpec.crop` make other pixels of a file: its answers are measured again then."""


@dataclass(frozen=True)
class FolderPicture:
    """A picture of the folder: `name` relative to it, `given` its class or "", `digest` SHA-256 (hex) of its file.

    `lesion` is the name of the lesion that it shows, "" where no table says.
    """

    path: Path
    name: str
    given: str
    digest: str
    lesion: str = ""


@dataclass(frozen=True)
class Seen:
    """What the network sees of a picture, (h, w, channels) uint8, and the picture's height and width."""

    picture: FolderPicture
    crop: npt.NDArray[np.uint8]
    size: tuple[int, int]


@dataclass(frozen=True)
class Listed:
    """The readable pictures of a folder, and a sentence for each that is not."""

    pictures: tuple[FolderPicture, ...]
    unreadable: tuple[str, ...]


def list_pictures(
    paths: Path | str | Sequence[Path | str],
    labels: "Labels | Path | str | Mapping[str, str] | None",
    on_step: OnStep,
) -> Listed:
    """Every picture in a folder, or the given ones, each once, with class and digest.

    Without `labels` the folders' names are the classes, where they are classes. UserError where there is no picture.
    """
    if isinstance(paths, Path | str):
        root = Path(paths)
        listing = list_folder(root).check()
        picture_paths, unreadable = listing.pictures, listing.unreadable
        root = root if root.is_dir() else root.parent
    else:
        picture_paths, unreadable = _each_once(paths), ()
        root = shared_folder(picture_paths)
    classes = _classes(labels, root, picture_paths)
    names = [path.relative_to(root).as_posix() for path in picture_paths]

    def digest(path: Path) -> str | UserError:
        try:
            return picture_digest(path)
        except UserError as error:
            return error

    pictures: list[FolderPicture] = []
    problems = list(unreadable)
    with ThreadPoolExecutor(cores(), "digests") as pool:
        for done, (path, name, content) in enumerate(
            zip(picture_paths, names, pool.map(digest, picture_paths), strict=True), 1
        ):
            on_step(done, len(picture_paths))
            if isinstance(content, str):
                class_and_lesion = (classes.get(name, ""), "") if isinstance(classes, Mapping) else _said(classes, path)
                pictures.append(FolderPicture(path, name, class_and_lesion[0], content, class_and_lesion[1]))
            else:
                problems.append(str(content))
    return Listed(tuple(pictures), tuple(problems))


def _each_once(paths: Iterable[Path | str]) -> tuple[Path, ...]:
    """The paths from the root on, as they were given first; a link is not the file that it leads to."""
    each: dict[Path, Path] = {}
    for path in (Path(path).absolute() for path in paths):
        each.setdefault(path.parent.resolve() / path.name, path)
    return tuple(each.values())


def _classes(
    labels: "Labels | Path | str | Mapping[str, str] | None", root: Path, picture_paths: Sequence[Path]
) -> Labels | Mapping[str, str]:
    if isinstance(labels, Labels | Mapping):
        return labels
    return folder_labels(root, picture_paths) if labels is None else read_labels(labels, picture_paths)


def _said(labels: Labels, path: Path) -> tuple[str, str]:
    return labels.of(path), labels.lesion(path)


def seen(pictures: Sequence[FolderPicture], input: InputSpec, problems: list[str]) -> Iterator[Seen]:
    """What the network sees of each picture, in order; sentences about those that cannot be read go to `problems`."""
    ahead: deque[Future[Seen | UserError]] = deque()
    with ThreadPoolExecutor(cores(), "decoding") as pool:
        try:
            for picture in pictures:
                ahead.append(pool.submit(_look, picture, input))
                if len(ahead) > 8 * cores():
                    yield from _readable(ahead.popleft().result(), problems)
            while ahead:
                yield from _readable(ahead.popleft().result(), problems)
        finally:
            for future in ahead:
                future.cancel()


def _look(picture: FolderPicture, input: InputSpec) -> Seen | UserError:
    try:
        rgb = read_image(picture.path)
        if picture_digest(picture.path) != picture.digest:
            return UserError(f"{picture.name} was changed while the index was made; make it again.")
        return Seen(picture, input.crop(rgb), (rgb.shape[0], rgb.shape[1]))
    except UserError as error:
        return error


def _readable(result: Seen | UserError, problems: list[str]) -> Iterator[Seen]:
    if isinstance(result, Seen):
        yield result
    else:
        problems.append(str(result))


def cores() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
