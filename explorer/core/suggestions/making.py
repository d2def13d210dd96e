"""Suggest tags for the filters of a network: what pictures say of each, and the rule that turns it to words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.marks import Marks
from explorer.core.alignment.measure import Measured
from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex, open_index
from explorer.core.index.one_builder import only_builder
from explorer.core.index.shared_work import ALONE, SharedWork
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.suggestions.aligning import align_all
from explorer.core.suggestions.choosing import choose_tags
from explorer.core.suggestions.evidence import evidence_of
from explorer.core.suggestions.kept import place_beside
from explorer.core.suggestions.marking import mark_all, marks_way
from explorer.core.suggestions.mask_check import masks_fit
from explorer.core.suggestions.pictures import Looked, choose
from explorer.core.suggestions.probed import changes_of, probed_of
from explorer.core.suggestions.probing import probe_all
from explorer.core.suggestions.suggestion import NOTHING, Suggestion, Suggestions
from explorer.core.suggestions.table import Table, read_table
from explorer.core.tags import FilterKey

STRANGE = (
    "the given masks are not those of the pictures: their lesions look no more like lesions than other pictures' do"
)
FEWEST_PICTURES = 2

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SuggestOptions:
    """`pictures` of the index are measured, spread over folders and classes, `probes` of them are probed.

    `table` is a file like resources/suggestions.toml, None for that one.
    """

    pictures: int = 500
    probes: int = 40
    table: Path | None = None


def suggest(
    network: Network,
    index: FolderIndex | Path | str,
    images: Path | str | Sequence[Path | str],
    *,
    masks: Path | str | None = None,
    options: SuggestOptions | None = None,
    on_step: OnStep = no_step,
    on_stage: Callable[[str], None] = lambda stage: None,
    shared: SharedWork = ALONE,
) -> Suggestions:
    """A suggestion for every filter, from the pictures of an index of this network.

    `images` is what the index was made of; `masks` a folder of lesion masks, which win over what is found. What was
    measured of a picture is kept in a folder beside the index: a run that was ended goes on, and a second one waits for
    the first. `on_stage` is called with "concepts", "filters" and "probes". UserError where the index is another
    network's, or pictures or masks are missing.
    """
    if not isinstance(index, FolderIndex):
        with open_index(index) as opened:
            return suggest(
                network, opened, images,
                masks=masks, options=options, on_step=on_step, on_stage=on_stage, shared=shared,
            )  # fmt: skip
    options = options or SuggestOptions()
    table = read_table(options.table)
    index.check(network)
    pictures = choose(index, images, masks, options.pictures)
    if len(pictures) < FEWEST_PICTURES:
        raise UserError(f"Suggestions need several pictures; {index.path} has {len(pictures)}.")
    if not shared.first:
        return _made(network, index, pictures, masks, options, table, on_step, on_stage, shared)
    with only_builder(place_beside(index.path), on_step):
        return _made(network, index, pictures, masks, options, table, on_step, on_stage, shared)


def judged(
    keys: Sequence[FilterKey],
    folder: Measured,
    marks: Sequence[Marks],
    probes: dict[str, Floats],
    table: Table,
) -> tuple[Suggestion, ...]:
    """What N pictures say: `folder` and `probes` as measured of them (N, F, ...), `marks` theirs."""
    evidence = evidence_of(folder, marks, table.one_sided)
    told = probed_of(probes) if probes else {}
    return choose_tags(keys, evidence, told, table, changes_of(probes, len(keys)))


def keys_of(index: FolderIndex) -> list[FilterKey]:
    """The filters of an index in its order."""
    return [FilterKey(int(row["layer"]), int(row["filter"])) for row in index.filters()]


def _made(
    network: Network,
    index: FolderIndex,
    pictures: Sequence[Looked],
    masks: Path | str | None,
    options: SuggestOptions,
    table: Table,
    on_step: OnStep,
    on_stage: Callable[[str], None],
    shared: SharedWork,
) -> Suggestions:
    way = marks_way(network.input)
    on_stage("concepts")
    marks = mark_all(pictures, network.input, index.path, way, on_step, shared)
    facts = {
        "pictures": len(pictures),
        "masks": sum(one.mask is not None for one in pictures),
        "probes": min(options.probes, len(pictures)),
    }
    keys = keys_of(index)
    if masks is not None and not masks_fit(marks):
        rows = tuple(Suggestion(key, "", "", 0.0, f"{NOTHING}: {STRANGE}") for key in keys)
        return Suggestions(rows, facts | {"problem": STRANGE})
    on_stage("filters")
    folder = align_all(network, index, pictures, marks, way, on_step, shared)
    probes: dict[str, Floats] = {}
    if options.probes > 0:
        on_stage("probes")
        probes = probe_all(network, index, pictures[: options.probes], way, folder, on_step, shared)
    return Suggestions(judged(keys, folder, marks, probes, table), facts)
