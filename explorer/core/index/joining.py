"""Find each picture's answers in the parts, and write the file that joins them."""

import itertools
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.errors import UserError
from explorer.core.index.folder_pictures import FolderPicture
from explorer.core.index.frozen_sample import FrozenSample, keep_sample
from explorer.core.index.joined_file import Piece, parts_of, write_joined
from explorer.core.index.parts import Part, folder_of, read_part
from explorer.core.index.schema import FILTERS, QUANTILE_NAMES, QUANTILE_NAMES_INSIDE, Contents, NetworkFacts, Pictures
from explorer.core.index.sealed_file import Damaged, open_sealed
from explorer.core.index.silence import Silence
from explorer.core.network.opening import Network
from trainer.networks.checkpoint import SEEN_DIGITS, seen_digests

Place = tuple[Part, int]
"""Where a picture's answers lie: a part, and a column of it."""


class Joiner:
    """Joins what parts hold of the pictures of a folder into the index at `out`."""

    def __init__(self, network: Network, out: Path, sample: FrozenSample, relevance: str) -> None:
        self._network, self._out, self._sample, self._relevance = network, out, sample, relevance
        self._seen_by_network = seen_digests(network.training) or frozenset()
        self._joined = 0

    def missing(self, pictures: Sequence[FolderPicture], parts: Sequence[Part]) -> list[FolderPicture]:
        """The pictures whose answers are in no part, in their order."""
        places = _places(pictures, parts)
        return [picture for row, picture in enumerate(pictures) if row not in places]

    def needed(self, pictures: Sequence[FolderPicture], parts: Sequence[Part]) -> list[Part]:
        """The parts that hold answers on these pictures, each once."""
        return list(dict.fromkeys(part for part, _ in _places(pictures, parts).values()))

    def joined_before(self) -> list[Part]:
        """The parts that the index joins as it is on the disk: somebody may look into it."""
        try:
            with open_sealed(self._out) as file:
                return [Part(path, ()) for path in parts_of(self._out, file)]
        except (Damaged, OSError, KeyError):
            return []

    def due(self, pictures: Sequence[FolderPicture], parts: Sequence[Part]) -> bool:
        """Whether there is twice as much to look at as when it was last joined: every part is read to join them."""
        return len(_places(pictures, parts)) >= 2 * max(1, self._joined)

    def join(self, pictures: Sequence[FolderPicture], parts: Sequence[Part], problems: Sequence[str]) -> int:
        """Write the index of all pictures whose answers are in parts; how many they are. UserError."""
        places = _places(pictures, parts)
        if not places:
            first = f" The first: {problems[0]}" if problems else ""
            raise UserError(f"No picture could be read, so there is no index.{first}")
        self._joined = len(places)
        # The order of the parts: each lies in one piece, and a column is read in few strokes.
        rows = sorted(places, key=lambda row: (places[row][0].path.name, places[row][1]))
        filters, sizes, widths = self._over_pictures([places[row] for row in rows])
        chosen = [pictures[row] for row in rows]
        contents = Contents(
            network=self._facts(),
            pictures=Pictures(
                names=tuple(picture.name for picture in chosen),
                digests=tuple(picture.digest for picture in chosen),
                sizes=sizes,
                given=tuple(picture.given for picture in chosen),
                trained_on=np.array([self._was_seen(picture.digest) for picture in chosen], bool),
                lesions=tuple(picture.lesion for picture in chosen)
                if any(picture.lesion for picture in chosen)
                else (),
            ),
            filters=filters,
            counts=self._sample.counts,
            edges=self._sample.edges,
            asked=len(pictures),
            sample=len(self._sample.pictures),
            facts={
                "relevance": self._relevance,
                "folder": str(_folder(chosen[0])),
                "unreadable": list(problems[:100]),
                "unreadable_count": len(problems),
            },
        )
        folder = folder_of(self._out).name
        pieces = [
            Piece(f"{folder}/{part.path.name}", start, stop, len(part.digests))
            for part, start, stop in _runs([places[row] for row in rows])
        ]
        write_joined(self._out, contents, pieces, *widths, lambda file: keep_sample(file, self._sample))
        return len(rows)

    def _was_seen(self, digest: str) -> bool:
        return digest[:SEEN_DIGITS] in self._seen_by_network

    def _facts(self) -> NetworkFacts:
        network = self._network
        return NetworkFacts(
            network.identity,
            network.digest,
            network.name,
            network.architecture,
            network.classes,
            network.output.independent,
            tuple(info.name for info in network.layers),
            tuple(info.filters for info in network.layers),
        )

    def _over_pictures(
        self, places: Sequence[Place]
    ) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32], tuple[int, int]]:
        """The filters' rows, the pictures' sizes, and how many logits and embedding values each picture has."""
        sample, layers = self._sample, self._network.layers
        rows = np.zeros(len(sample.quantiles), FILTERS)
        rows["layer"] = np.concatenate([np.full(info.filters, info.index) for info in layers])
        rows["filter"] = np.concatenate([np.arange(info.filters) for info in layers])
        for quantile, (name, name_inside) in enumerate(zip(QUANTILE_NAMES, QUANTILE_NAMES_INSIDE, strict=True)):
            rows[name], rows[name_inside] = sample.quantiles[:, quantile], sample.quantiles_inside[:, quantile]
        rows["lowest"], rows["highest"], rows["highest_inside"] = sample.lowest, sample.highest, sample.highest_inside
        sums = {name: np.zeros(len(rows)) for name in ("silent_share", "peak", "ring_ratio", "relevance")}
        silence = Silence(len(rows))
        sizes: list[npt.NDArray[np.int32]] = []
        widths = 0, 0
        for part, group in itertools.groupby(places, key=lambda place: place[0]):
            answers = read_part(part).some([column for _, column in group])
            columns = answers.columns
            peaks = columns["peak"].astype(np.float64)
            sums["silent_share"] += (peaks <= 0).sum(axis=1)
            sums["peak"] += peaks.sum(axis=1)
            sums["ring_ratio"] += columns["ring"].astype(np.float64).sum(axis=1)
            sums["relevance"] += np.abs(columns["relevance"].astype(np.float64)).sum(axis=1)
            silence.add(columns["inside"])
            sizes.append(columns["size"])
            widths = columns["logits"].shape[1], columns["embedding"].shape[1]
        for name, total in sums.items():
            rows[name] = total / len(places)
        rows["silent_share_inside"] = silence.share
        rows["silent"] = silence.silent(sample.lowest_inside == sample.highest_inside)
        # A filter that answers what is no number takes nothing from the others.
        relevance = np.nan_to_num(rows["relevance"])
        of_layer = np.bincount(rows["layer"], relevance)[rows["layer"]]
        np.divide(relevance, of_layer, out=rows["relevance_share"], where=of_layer > 0, casting="unsafe")
        return rows, np.concatenate(sizes), widths


def _folder(picture: FolderPicture) -> Path:
    """The folder to which the names are relative."""
    return picture.path.absolute().parents[picture.name.count("/")]


def _places(pictures: Sequence[FolderPicture], parts: Iterable[Part]) -> dict[int, Place]:
    """Where each picture's answers lie: by content, each column for one picture."""
    by_digest: defaultdict[str, deque[Place]] = defaultdict(deque)
    for part in parts:
        for column, digest in enumerate(part.digests):
            by_digest[digest].append((part, column))
    return {
        row: by_digest[picture.digest].popleft()
        for row, picture in enumerate(pictures)
        if by_digest.get(picture.digest)
    }


def _runs(places: Sequence[Place]) -> list[tuple[Part, int, int]]:
    """Neighbouring columns of the same part as (part, first, behind the last)."""
    runs: list[tuple[Part, int, int]] = []
    for part, column in places:
        if runs and runs[-1][0] is part and runs[-1][2] == column:
            runs[-1] = part, runs[-1][1], column + 1
        else:
            runs.append((part, column, column + 1))
    return runs
