"""What a report says of single filters: words and people, the card, the pictures that it rests on."""

from typing import Any

from explorer.core.index.filter_card import filter_card
from explorer.core.index.gallery import Gallery, gallery
from explorer.core.index.likeness import Alike
from explorer.core.index.schema import QUANTILE_NAMES
from explorer.core.index.strong_pictures import strong_pictures
from explorer.core.index.work_list import work_list
from explorer.core.progress import OnStep
from explorer.core.report.sources import Sources, plain
from explorer.core.tags.book import FilterKey, Tag

SHOWN = 6
"""Pictures of a kind that are shown of each filter."""
UNNAMED = 12
"""Filters that are shown where nothing was tagged: those that the network uses most."""
KINDS = ("strongest", "contrast")


def keys_of(sources: Sources) -> tuple[FilterKey, ...]:
    """The tagged filters in their order; the first of the work list where there are none."""
    tagged = tuple(sorted(sources.book))
    return tagged or work_list(sources.index.filters(), sources.book).filters[:UNNAMED]


def filter_facts(sources: Sources, on_step: OnStep) -> list[dict[str, Any]]:
    """One entry for each filter of `keys_of`; `on_step(done, total)` after each."""
    keys, facts = keys_of(sources), []
    for number, key in enumerate(keys, 1):
        facts.append(_facts(sources, key))
        on_step(number, len(keys))
    return facts


def _facts(sources: Sources, key: FilterKey) -> dict[str, Any]:
    index = sources.index
    layer = sources.network.layers[key.layer]
    card = filter_card(index, key, (layer.height, layer.width))
    scale, filter_row = index.scale(key), index.filters()[index.row(key)]
    return {
        "filter": str(key),
        "layer": layer.name,
        "tags": [_tag(tag) for tag in sources.book.tags(key)],
        "strong": strong_pictures(index, key).sentence(),
        "scale": {"foot": scale.foot, "peak": scale.peak},
        "quantiles": {name: plain(filter_row[name]) for name in QUANTILE_NAMES},
        "quantiles_inside": {name: plain(filter_row[f"{name}_inside"]) for name in QUANTILE_NAMES},
        "silent_share": plain(card.silent_share),
        "relevance_share": plain(card.relevance),
        "rank": card.rank,
        "filters": card.filters,
        "ring_share": plain(card.ring),
        "at_edge": card.at_edge,
        "histogram": {"counts": card.counts.tolist(), "edges": [plain(edge) for edge in card.edges]},
        "classes": [
            {
                "class": one_class.name,
                "pictures": one_class.pictures,
                "mean_peak": plain(one_class.mean),
                "auc": one_class.auc.as_dict(),
            }
            for one_class in card.classes.classes
        ],
        "left_out": {"trained_on": card.classes.trained_on, "without_class": card.classes.unknown},
        "alike": _alike(card.alike),
        "opposed": _alike(card.opposed),
        "pictures": {kind: _pictures(gallery(index, key, kind, SHOWN, lesions=sources.lesions)) for kind in KINDS},
    }


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "word": tag.tag,
        "detail": tag.detail,
        "note": tag.note,
        "annotator": tag.annotator,
        "created": tag.created,
        "confidence": plain(tag.confidence),
        "evidence": tag.evidence,
    }


def _alike(others: tuple[Alike, ...]) -> list[dict[str, Any]]:
    return [{"filter": str(other.key), "r": plain(other.r)} for other in others]


def _pictures(chosen: Gallery) -> list[dict[str, Any]]:
    return [
        {
            "picture": picture.picture,
            "answer": plain(picture.value),
            "given": picture.given,
            "predicted": picture.predicted,
            "probability": plain(picture.probability),
            "trained_on": picture.trained_on,
            "beside": picture.beside,
        }
        for picture in chosen.pictures
    ]
