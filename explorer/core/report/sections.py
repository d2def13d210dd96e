"""What a report says, section by section, in numbers and words that JSON can hold."""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

from explorer import __version__
from explorer.core.alarm.as_values import as_values
from explorer.core.alarm.presence import presence_of
from explorer.core.alarm.screening import sound
from explorer.core.concepts import ARTIFACTS
from explorer.core.errors import UserError
from explorer.core.evaluation import evaluate
from explorer.core.index.work_list import work_list
from explorer.core.muted_in_file import muted_filters, muted_sentence
from explorer.core.muting.effect import EffectOptions, muting_effect
from explorer.core.muting.effect_words import artifact_of, notes, sentence
from explorer.core.muting.effect_words import as_dict as muting_values
from explorer.core.muting.shared_passes import SharedPasses
from explorer.core.progress import OnStage, OnStep, no_stage
from explorer.core.report.filters import filter_facts
from explorer.core.report.network_words import training_told
from explorer.core.report.sources import Sources
from explorer.core.report.suggested import suggestion_facts
from explorer.core.tags.book import NONE
from explorer.core.tags.words import filters_by_word
from trainer.measures.bootstrap import DRAWS
from trainer.synthetic.artifacts import ARTIFACTS as DRAWN

MUTED_PICTURES = 100
"""Pictures on which random filters are muted: 200 sets of them for each word."""
LISTED = 12
"""Pictures of a kind that a finding lists, the clearest first."""
PROGRAM_NAME = "feature-map-explorer"
"""Of this program among `versions`."""
PACKAGES = ("torch", "torchvision", "numpy", "pillow", "h5py", "scikit-learn", "scikit-image", "PySide6-Essentials")

Section = Callable[[Sources, OnStep], Any]


def network_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """The network: which it is, what it takes, what was decided when it was opened."""
    network = sources.network
    return {
        "name": network.name,
        "digest": network.digest,
        "identity": network.identity,
        "architecture": network.architecture,
        "classes": list(network.classes),
        "input": network.input.to_dict(),
        "licence": network.licence,
        "muted": muted_filters(network.training),
        "muted_sentence": muted_sentence(network.training),
        "decided": list(network.assumed),
        "layers": [{"layer": layer.index, "name": layer.name, "filters": layer.filters} for layer in network.layers],
        "training": training_told(network.training),
    }


def folder_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """The pictures: how many of each class, which files exactly, and what of them counts where classes do."""
    index = sources.index
    listing = "\n".join(f"{name} {digest}" for name, digest in zip(index.pictures, index.digests, strict=True))
    return {
        "pictures": len(index.pictures),
        "asked": index.contents.asked,
        "digest": hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest(),
        "given": {word: count for word, count in sorted(Counter(index.given).items()) if word},
        "without_class": index.given.count(""),
        "trained_on": int(index.trained_on.sum()),
        "sample": index.contents.sample,
        "unreadable": list(index.contents.facts.get("unreadable", [])),
    }


def decision_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """What share of |relevance| the filters carry that were given each word."""
    return work_list(sources.index.filters(), sources.book).as_dict()


def evaluation_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """How far predictions and given classes agree, or why nothing can be said of that."""
    if sources.words is None:
        return {"why_not": "No given class of these pictures is known, or the network has none."}
    words = [{"word": pair.word, "class": pair.name, "reason": pair.reason} for pair in sources.words.pairs]
    try:
        evaluation = evaluate(sources.index, sources.words, lesions=sources.lesions, on_step=on_step)
    except UserError as error:
        return {"why_not": str(error), "words": words}
    return {
        "words": words,
        "pictures": len(evaluation.pictures),
        "left_out": evaluation.left_out.sentence,
        "drawn_over": evaluation.drawn_over,
        "draws": DRAWS,
        "auc": evaluation.auc.as_dict(),
        "accuracy": evaluation.accuracy.as_dict(),
        "balanced_accuracy": evaluation.balanced_accuracy.as_dict(),
        "calibration_error": evaluation.reliability.ece.as_dict(),
        "classes": list(evaluation.classes),
        "class_accuracy": [accuracy.as_dict() for accuracy in evaluation.class_accuracy],
        "confusion": evaluation.confusion.tolist(),
    }


def muting_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """What muting the filters of each word does to the predictions, or why that cannot be measured."""
    if sources.words is None:
        return {"why_not": "Without given classes nothing can be said of what muting does to the predictions."}
    by_word = {word: keys for word, keys in filters_by_word(sources.book).items() if word.casefold() != NONE}
    effects: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    passes = SharedPasses(sources.network, sources.index, [tuple(keys) for keys in by_word.values()])
    for word, keys in by_word.items():
        options = EffectOptions(artifact=artifact_of(word, DRAWN), random_pictures=MUTED_PICTURES)
        presence = None
        if found := artifact_of(word, ARTIFACTS):
            presence = presence_of(sources.index, sources.images, found, sources.said, on_step=on_step)
        try:
            effect = muting_effect(
                sources.network,
                sources.index,
                sources.words,
                keys,
                lesions=sources.lesions,
                presence=replace(presence, asked_for=False) if presence is not None else None,
                options=options,
                passes=passes,
                on_step=on_step,
            )
        except UserError as error:
            left_out.append({"word": word, "why_not": str(error)})
            continue
        effects.append(
            {
                "word": word,
                "sentence": sentence(effect, f"tagged {word}"),
                "notes": notes(effect),
                **muting_values(effect),
            }
        )
    if not effects:
        nothing = "No filter has a word yet, so none was muted."
        return {"why_not": left_out[0]["why_not"] if left_out else nothing}
    return {"words": effects, **({"left_out": left_out} if left_out else {})}


def alarm_facts(sources: Sources, on_step: OnStep) -> dict[str, Any]:
    """Artifacts that go with a class here and that the score follows, or why that cannot be asked."""
    if sources.words is None:
        return {"why_not": "Without given classes no artifact can be held against them."}
    try:
        heard = sound(
            sources.index,
            sources.images,
            words=sources.words,
            lesions=sources.lesions,
            said=sources.said,
            network=sources.network,
            on_step=on_step,
        )
    except UserError as error:
        return {"why_not": str(error)}
    values = as_values(heard)
    for finding in values["findings"]:
        finding["rests"] = {name: names[:LISTED] for name, names in finding["rests"].items()}
    return {"sentence": heard.sentence, **values}


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "network": network_facts,
        "folder": folder_facts,
        "decision": decision_facts,
        "filters": filter_facts,
        "suggestions": suggestion_facts,
        "evaluation": evaluation_facts,
        "muting": muting_facts,
        "alarm": alarm_facts,
    }
)
"""Every section by the name under which its facts stand in the page."""


def facts_of(sources: Sources, on_step: OnStep, on_stage: OnStage = no_stage) -> dict[str, Any]:
    """The facts of every section, in the types that JSON has; `on_stage` is called with each section's name."""
    facts = {}
    for name, section in SECTIONS.items():
        on_stage(name)
        facts[name] = section(sources, on_step)
    return dict(json.loads(json.dumps(facts)))


def versions() -> dict[str, str]:
    """What the numbers were made with."""
    packages = {PROGRAM_NAME: __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return packages
