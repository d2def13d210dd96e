"""Suggest tags for the filters of a network: what pictures say of each, and the rule that turns it to words."""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.marks import Marks
from explorer.core.alignment.measure import Measured
from explorer.core.alignment.over_pictures import mean_known
from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex, open_index
from explorer.core.index.one_builder import only_builder
from explorer.core.index.shared_work import ALONE, SharedWork
from explorer.core.network.opening import Network
from explorer.core.progress import OnStage, OnStep, no_stage, no_step
from explorer.core.suggestions.aligning import align_all
from explorer.core.suggestions.chance import draw, measured_by_chance
from explorer.core.suggestions.evidence import chosen_by, evidence_of
from explorer.core.suggestions.marking import mark_all, marks_way
from explorer.core.suggestions.mask_check import masks_fit
from explorer.core.suggestions.picture_cache import place_beside
from explorer.core.suggestions.pictures import Looked, Said, choose
from explorer.core.suggestions.probed import changes_of, probed_of
from explorer.core.suggestions.probing import probe_all
from explorer.core.suggestions.rule_choice import choose_tags
from explorer.core.suggestions.suggestion import NOTHING, Suggestion, Suggestions
from explorer.core.suggestions.table import Table, read_table
from explorer.core.tags import FilterKey

STRANGE = (
    "the given masks are not those of the pictures: their lesions look no more like lesions than other pictures' do"
)
FEWEST_PICTURES = 2
HELD_OUT = 3
"""Every so many pictures one is held out."""

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SuggestOptions:
    """`pictures` of the index are measured, spread over folders and classes, `probes` of them are probed.

    `table` is a file like resources/suggestions.toml, None for that one. With `chance` permutations it is also counted
    what the rules suggest where there is nothing to find: `Suggestions.facts["chance"]`.
    """

    pictures: int = 500
    probes: int = 40
    table: Path | None = None
    chance: int = 0


def suggest(
    network: Network,
    index: FolderIndex | Path | str,
    images: Path | str | Sequence[Path | str],
    *,
    masks: Path | str | None = None,
    lesions: Mapping[str, str] | None = None,
    said: Said | None = None,
    options: SuggestOptions | None = None,
    on_step: OnStep = no_step,
    on_stage: OnStage = no_stage,
    shared: SharedWork = ALONE,
) -> Suggestions:
    """A suggestion for every filter, from the pictures of an index of this network.

    `images` is what the index was made of; `masks` a folder of lesion masks, which win over what is found; `lesions`
    maps names of pictures to their lesions, as far as they are known: pictures of one count as one. `said` maps names
    of pictures to artifacts that a person saw or did not see: what is not there has no mark. What was measured of a
    picture is kept in a folder beside the index: a run that was ended goes on, and a second one waits for the first.
    `on_stage` is called with "concepts", "filters", "probes" and "chance". UserError where the index is another
    network's, or pictures or masks are missing.
    """
    if not isinstance(index, FolderIndex):
        with open_index(index) as opened:
            return suggest(
                network, opened, images,
                masks=masks, lesions=lesions, said=said, options=options,
                on_step=on_step, on_stage=on_stage, shared=shared,
            )  # fmt: skip
    options = options or SuggestOptions()
    table = read_table(options.table)
    index.check(network)
    pictures = choose(index, images, masks, options.pictures, said)
    if len(pictures) < FEWEST_PICTURES:
        raise UserError(f"Suggestions need several pictures; {index.path} has {len(pictures)}.")
    with only_builder(place_beside(index.path), on_step) if shared.first else contextlib.nullcontext():
        shared.wait()  # nobody looks what is there while another run still writes
        return _made(network, index, pictures, masks, lesions or {}, options, table, on_step, on_stage, shared)


def judged(
    keys: Sequence[FilterKey],
    folder: Measured,
    marks: Sequence[Marks],
    probes: dict[str, Floats],
    table: Table,
    lesions: Sequence[str] = (),
) -> tuple[Suggestion, ...]:
    """What N pictures say: `folder` and `probes` as measured of them (N, F, ...), `marks` theirs.

    `lesions` (N,), where known, joins pictures of the same lesion. Every third is held out: the others suggest, and it
    says whether that holds.
    """
    folder = by_lesion(folder | _sectors(folder, marks), lesions)
    used = suggests(np.arange(len(folder["on"])))
    suggesting, others = ({name: values[rows] for name, values in folder.items()} for rows in (used, ~used))
    chosen = chosen_by(suggesting, table.one_sided)
    again = evidence_of(others, replace(chosen, fitted_on=suggesting)) if not used.all() else []
    probed = probed_of(probes) if probes else {}
    evidence = evidence_of(suggesting, chosen)
    return choose_tags(keys, evidence, again, probed, table, changes_of(probes, len(keys)))


def by_lesion(folder: Measured, lesions: Sequence[str]) -> Measured:
    """What was measured of pictures as one row for each lesion, its pictures' mean; a picture without a name is one."""
    lesion_indices = lesion_places(lesions)
    if len(set(lesion_indices.tolist())) == len(lesion_indices):
        return folder
    return {
        name: np.stack(
            [mean_known(values[lesion_indices == lesion_index]) for lesion_index in range(lesion_indices.max() + 1)]
        )
        for name, values in folder.items()
    }


def lesion_places(lesions: Sequence[str]) -> Places:
    """The place of each picture's lesion (N,) in the order in which they come; a picture without a name is one."""
    names = [lesion or f" {row}" for row, lesion in enumerate(lesions)]
    order = {name: lesion_index for lesion_index, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], np.int64)


def suggests(lesion_indices: Places) -> npt.NDArray[np.bool_]:
    """Which lesions, by their indices (N,), take part in suggestions; the others are held out."""
    return np.asarray(lesion_indices % HELD_OUT != HELD_OUT - 1)


def _probed(pictures: Sequence[Looked], lesions: Sequence[str], count: int) -> list[Looked]:
    """The first `count` pictures to probe: none that is held out, and one a lesion."""
    lesion_indices, first = np.unique(lesion_places(lesions), return_index=True)
    return [pictures[row] for row in first[suggests(lesion_indices)][:count]]


def _sectors(folder: Measured, marks: Sequence[Marks]) -> Measured:
    """Directions of lesions that the frame does not cut, for no others."""
    cut = np.array([not picture_marks.whole for picture_marks in marks])[:, None, None]
    return {name: np.where(cut, np.nan, folder[name]) for name in ("sector", "sector_null")}


def keys_of(index: FolderIndex) -> list[FilterKey]:
    """The filters of an index in its order."""
    return [FilterKey(int(row["layer"]), int(row["filter"])) for row in index.filters()]


def _made(
    network: Network,
    index: FolderIndex,
    pictures: Sequence[Looked],
    masks: Path | str | None,
    lesions: Mapping[str, str],
    options: SuggestOptions,
    table: Table,
    on_step: OnStep,
    on_stage: OnStage,
    shared: SharedWork,
) -> Suggestions:
    way = marks_way(network.input)
    on_stage("concepts")
    marks = mark_all(pictures, network.input, index.path, way, on_step, shared)
    facts: dict[str, Any] = {
        "pictures": len(pictures),
        "masks": sum(picture.mask is not None for picture in pictures),
    }
    lesion_names = [lesions.get(picture.name, "") for picture in pictures]
    to_probe = _probed(pictures, lesion_names, options.probes)
    facts["probes"] = len(to_probe)
    keys = keys_of(index)
    if masks is not None and not masks_fit(marks):
        rows = tuple(Suggestion(key, "", "", 0.0, f"{NOTHING}: {STRANGE}") for key in keys)
        return Suggestions(rows, facts | {"problem": STRANGE})
    on_stage("filters")
    folder = align_all(network, index, pictures, marks, way, on_step, shared)
    probes: dict[str, Floats] = {}
    if to_probe:
        on_stage("probes")
        probes = probe_all(network, index, to_probe, way, folder, on_step, shared)
    facts["lesions"] = len(set(lesion_names) - {""})
    rows = judged(keys, folder, marks, probes, table, lesion_names)
    if options.chance > 0 and shared.first:
        on_stage("chance")
        draws = [draw(len(pictures), seed) for seed in range(options.chance)]
        by_chance = [
            judged(keys, measured, permuted, probes, table, lesion_names)
            for measured, permuted in measured_by_chance(network, index, pictures, marks, draws, on_step)
        ]
        facts["chance"] = chance_facts(by_chance)
    return Suggestions(rows, facts)


def chance_facts(permutations: Sequence[Sequence[Suggestion]]) -> dict[str, Any]:
    """Plain values of what was suggested in each permutation: the share of all filters, and how often which words."""
    shares = [sum(bool(row.tag) for row in rows) / len(rows) for rows in permutations]
    words = Counter(row.words for rows in permutations for row in rows if row.tag)
    return {
        "permutations": len(permutations),
        "share": float(np.mean(shares)),
        "most": float(np.max(shares)),
        "words": dict(words.most_common()),
    }
