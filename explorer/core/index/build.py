"""Make the index of a folder: what is new is computed, what is there is kept, and every file is whole at any moment."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from explorer.core.index.folder_pictures import PREPARED, FolderPicture, Listed, Seen, list_pictures, seen
from explorer.core.index.frozen_sample import FrozenSample, measure_sample, read_sample, write_sample
from explorer.core.index.joining import Joiner
from explorer.core.index.measuring import Measurer
from explorer.core.index.merging import MOST_PARTS, fewer_parts
from explorer.core.index.one_builder import only_builder
from explorer.core.index.parts import (
    Part,
    PartFolder,
    Rows,
    folder_of,
    in_file_types,
    joined,
    pictures_of_a_part,
    read_part,
)
from explorer.core.index.sampling import spread
from explorer.core.index.schema import VERSION
from explorer.core.index.sealed_file import is_sealed
from explorer.core.index.shared_work import ALONE, SharedWork
from explorer.core.labels import Labels
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import sweep
from trainer.files.own_kind import check_own_kind

MAPS_AT_ONCE = 1 << 28
"""Bytes of the maps of one batch, which may all be alive at once."""
LARGEST_BATCH = 32

OnReady = Callable[[Path, int, int], None]
"""Called with the index, its pictures and those of the folder whenever there is more to look at."""
OnNote = Callable[[str], None]
"""Called with a sentence that a person should read."""
OnStage = Callable[[str], None]
"""Called with "sample", "pictures" or "joining" when that begins."""
STAGES: Mapping[str, str] = MappingProxyType(
    {
        "reading": "looking through the folder",
        "sample": "measuring scales on a sample",
        "pictures": "measuring every picture",
        "joining": "putting it together",
    }
)
"""What is said of each, and of what comes before them."""


@dataclass(frozen=True)
class BuildOptions:
    """`relevance` as `Measurer` reads it; with `remeasure` the scales are measured anew, and everything with them.

    `of_a_part` pictures are written at once, 0 for as many as memory allows; the index joins at most `most_parts`.
    """

    relevance: str = "margin"
    remeasure: bool = False
    of_a_part: int = 0
    most_parts: int = MOST_PARTS


def build_index(
    network: Network,
    paths: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    labels: "Labels | Path | str | Mapping[str, str] | None" = None,
    on_step: OnStep | None = None,
    options: BuildOptions | None = None,
    on_stage: OnStage | None = None,
    on_ready: OnReady | None = None,
    on_note: OnNote | None = None,
    shared: SharedWork = ALONE,
) -> Path:
    """Measure what every filter of a network answers on every picture of a folder, or on the given ones; gives `out`.

    What an earlier run with this network found of the same content is kept, under whatever name. A run that
    was ended goes on where the last part was written. `labels` as `list_pictures` reads
    them. UserError where there is nothing to read, something else than an index stands at `out`, or the disk refuses.
    """
    check_own_kind(Path(out), "an index", is_sealed)
    build = _Build(network, Path(out), options or BuildOptions(), on_step or no_step, shared)
    build.on_note = on_note or (lambda sentence: None)
    build.on_stage, build.on_ready = on_stage or (lambda stage: None), on_ready or (lambda path, pictures, asked: None)
    listed = list_pictures(paths, labels, build.on_step)
    if shared.first:
        with only_builder(build.out, build.on_step):
            sweep(build.out)
            build.run(listed)
    else:
        build.run(listed)
    return build.out


class _Build:
    on_stage: OnStage
    on_ready: OnReady
    on_note: OnNote

    def __init__(self, network: Network, out: Path, options: BuildOptions, on_step: OnStep, shared: SharedWork) -> None:
        self.out, self.on_step = out, on_step
        self._network, self._options, self._shared = network, options, shared
        self._measurer = Measurer(network, options.relevance)
        filters = sum(info.filters for info in network.layers)
        self._of_a_part = options.of_a_part or pictures_of_a_part(filters)
        self._problems: list[str] = []

    def run(self, listed: Listed) -> None:
        """Compute what is missing, and join everything."""
        self._problems += listed.unreadable
        order, sample = self._sampled(listed.pictures)
        folder = PartFolder(self.out, self._key(sample))
        joiner = Joiner(self._network, self.out, sample, self._options.relevance)
        parts = joiner.needed(listed.pictures, list(folder.found()))
        if self._shared.first:
            folder.remove_others([*parts, *joiner.joined_before()])
        missing = self._shared.mine(joiner.missing(order, parts))
        self._shared.wait()  # nobody writes before everybody has looked
        self.on_stage("pictures")
        for part in self._compute(missing, folder, sample, self._loose(joiner, listed.pictures, parts, missing)):
            parts.append(part)
            if joiner.due(listed.pictures, parts) and self._shared.alone:
                parts = self._join(joiner, listed, parts, folder)
        self._shared.wait()
        if self._shared.first:
            self.on_stage("joining")
            self._join(joiner, listed, parts if self._shared.alone else list(folder.found()), folder)
        self._shared.wait()

    def _sampled(self, pictures: Sequence[FolderPicture]) -> tuple[list[FolderPicture], FrozenSample]:
        """The pictures, those for the scales first, and the scales; measured where they are not there yet."""
        path = folder_of(self.out) / "sample.h5"
        chosen = spread([picture.name for picture in pictures], [picture.given for picture in pictures])
        first = [pictures[row] for row in chosen]
        for_scales = set(chosen)
        rest = [picture for row, picture in enumerate(pictures) if row not in for_scales]
        self._shared.wait()  # until the first one is the only builder
        identity, anew = self._network.identity, self._options.remeasure
        measured, lost = (None, "") if anew else read_sample(path, self.out, identity)
        self._shared.wait()
        if self._shared.first and (measured is None or lost or not path.exists()):
            if measured is None:
                if lost:
                    self.on_note(lost.format(name=self.out.name))
                self.on_stage("sample")
                measured = self._measured(first)
            write_sample(path, measured, identity)
        self._shared.wait()
        sample = measured or read_sample(path, self.out, identity)[0]
        if sample is None:
            raise RuntimeError("the scales that another process measured are not there")
        return first + rest, sample

    def _measured(self, pictures: Sequence[FolderPicture]) -> FrozenSample:
        measured: dict[str, None] = {}

        def batches() -> Iterator[torch.Tensor]:
            for batch in self._batches(pictures, []):
                measured.update(dict.fromkeys(view.picture.digest for view in batch))
                yield self._tensor(batch)

        def on_picture(done: int) -> None:
            self.on_step(done, len(pictures))

        return measure_sample(self._network, self._measurer, batches, measured.keys(), on_picture)

    def _compute(
        self, pictures: Sequence[FolderPicture], folder: PartFolder, sample: FrozenSample, loose: Sequence[Part]
    ) -> Iterator[Part]:
        """Write what is missing part by part, after what lies in the `loose` parts."""
        if not pictures:
            return
        thresholds = sample.thresholds(self._network)
        waiting = [read_part(part) for part in loose]
        first_done = len(set(sample.pictures) & {picture.digest for picture in pictures})
        done = 0
        for batch in self._batches(pictures, self._problems):
            answers = self._measurer.measure(self._tensor(batch), thresholds)
            columns = answers.answers | {
                "logits": answers.logits,
                "embedding": answers.embedding,
                "size": np.array([view.size for view in batch]),
            }
            waiting.append(Rows(tuple(view.picture.digest for view in batch), in_file_types(columns)))
            done += len(batch)
            self.on_step(done, len(pictures))
            due = bool(first_done) and done >= first_done  # the sample is there to be looked at
            if not due and sum(len(block.digests) for block in waiting) < self._of_a_part:
                continue
            rows = joined(waiting)
            while len(rows.digests) >= self._of_a_part:
                yield folder.write(rows.some(slice(0, self._of_a_part)))
                rows = rows.some(slice(self._of_a_part, None))
            if due and rows.digests:
                yield folder.write(rows)
                rows = rows.some(slice(0, 0))
            first_done = 0 if due else first_done
            waiting = [rows]
        left = joined(waiting) if waiting else None
        if left is not None and left.digests:
            yield folder.write(left)

    def _batches(self, pictures: Sequence[FolderPicture], problems: list[str]) -> Iterator[list[Seen]]:
        maps = sum(info.filters * info.height * info.width for info in self._network.layers)
        size = int(np.clip(MAPS_AT_ONCE // (4 * maps), 1, LARGEST_BATCH))
        return _chunks(seen(pictures, self._network.input, problems), size)

    def _tensor(self, batch: Sequence[Seen]) -> torch.Tensor:
        return torch.stack([self._network.input.normalise(view.crop) for view in batch])

    def _loose(
        self, joiner: Joiner, pictures: Sequence[FolderPicture], parts: list[Part], missing: Sequence[FolderPicture]
    ) -> list[Part]:
        """Small parts, which are taken into the next one that is written; taken out of `parts`."""
        if not missing or not self._shared.alone:
            return []
        loose = [part for part in joiner.needed(pictures, parts) if 2 * len(part.digests) < self._of_a_part]
        parts[:] = [part for part in parts if part not in loose]
        return loose

    def _join(self, joiner: Joiner, listed: Listed, parts: Sequence[Part], folder: PartFolder) -> list[Part]:
        """Join the parts; in which parts everything is then."""
        needed, before = joiner.needed(listed.pictures, parts), joiner.joined_before()
        fewer = fewer_parts(folder, needed, self._options.most_parts, self.on_step)
        pictures = joiner.join(listed.pictures, fewer, self._problems)
        if fewer != needed and self._shared.alone:
            folder.remove_others([*fewer, *before])
        self.on_ready(self.out, pictures, len(listed.pictures))
        return fewer if fewer != needed else list(parts)

    def _key(self, sample: FrozenSample) -> str:
        decides = [VERSION, self._network.identity, sample.key, self._options.relevance]
        if PREPARED > 1:  # so that what was measured before there was this number stays
            decides.append(PREPARED)
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _chunks(items: Iterable[Seen], size: int) -> Iterator[list[Seen]]:
    waiting = iter(items)
    while chunk := list(itertools.islice(waiting, size)):
        yield chunk
