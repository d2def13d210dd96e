"""A page on a network for whoever gets it: what it is, what it was trained on, what it is worth, what it is not for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainer.files.printing import printable
from trainer.measures.percent import percent
from trainer.measures.spoken import spoken
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.input_spec import InputSpec

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation
    from trainer.evaluation.threshold import ChosenThreshold

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#|!"})
_FROM_RECIPE = ("epochs", "batch", "optimiser", "learning_rate", "schedule", "imbalance", "weights", "seed")


def model_card(checkpoint: Checkpoint, evaluation: "Evaluation", file: str) -> str:
    """The card of the network in `file` as Markdown, from what its checkpoint and its evaluation say."""
    return "\n".join(_lines(checkpoint, evaluation, file)) + "\n"


def _lines(checkpoint: Checkpoint, evaluation: "Evaluation", file: str) -> Iterator[str]:
    training, spec = checkpoint.training, checkpoint.input
    cohort: Mapping[str, Any] = training.get("cohort") or {}
    recipe: Mapping[str, Any] = training.get("recipe") or {}
    yield f"# {_text(checkpoint.architecture)}: {_text(', '.join(checkpoint.classes))}"
    yield ""
    yield "For research only: **not a medical device**, and no diagnosis may rest on it."
    yield ""
    yield f"    feature-explorer --model {file} --images DIR"
    yield ""
    yield "## The network"
    yield ""
    weights = sum(tensor.numel() for tensor in checkpoint.weights.values())
    arguments = ", ".join(f"{name} {value}" for name, value in checkpoint.architecture_arguments.items())
    yield from _table(
        (
            ("architecture", checkpoint.architecture + (f" ({arguments})" if arguments else "")),
            ("weights", f"{weights:,}"),
            ("classes, in the order of its outputs", ", ".join(checkpoint.classes)),
            ("input", f"{spec.size[0]} x {spec.size[1]}, {spec.resize} to {spec.resize_to}"),
            ("field of view", f"the lesion and {spec.field_of_view:g} of it around" if spec.field_of_view else "all"),
            ("color constancy, gamma", f"{spec.color_constancy:g} (0: none); {spec.gamma:g}"),
            ("uneven light divided by, dark corners", f"{percent(spec.illumination)}; {_corners(spec)}"),
            ("mean, std", f"{_numbers(spec.mean)}; {_numbers(spec.std)}"),
            ("licence", checkpoint.licence or "not said"),
        )
    )
    yield "## What it was trained on"
    yield ""
    parts = ", ".join(f"{count:,} {part}" for part, count in (cohort.get("pictures") or {}).items())
    classes = ", ".join(f"{count:,} {name}" for name, count in (cohort.get("classes") or {}).items())
    yield from _table(
        (
            ("pictures", f"{cohort.get('source') or 'not said'}: {parts}"),
            ("classes", classes),
            ("classes made by", _made_by(cohort.get("settings") or {})),
            ("digest of the cohort", str(cohort.get("digest", ""))),
            (
                "recipe",
                ", ".join(f"{name} {recipe[name]}" for name in _FROM_RECIPE if recipe.get(name) not in (None, "")),
            ),
            ("epoch kept", f"{training.get('chosen_epoch')} of {len(training.get('epochs') or ())}"),
            ("trained on", f"{training.get('device', '')}, {float(training.get('seconds') or 0) / 60:.1f} minutes"),
        )
    )
    yield f"`{file}` lists the digests of all pictures on which it was trained or its epoch was chosen."
    yield ""
    yield f"## What it is worth on {evaluation.pictures:,} {evaluation.part} pictures of {evaluation.lesions:,} lesions"
    yield ""
    measured = [
        (f"AUC, {evaluation.positive or 'mean of the classes'}", spoken(evaluation.auc)),
        ("balanced accuracy", spoken(evaluation.balanced_accuracy)),
        ("expected calibration error", spoken(evaluation.calibration.before.ece)),
    ]
    if evaluation.threshold:
        threshold = evaluation.threshold
        point = threshold.applied_to
        measured.append(
            (
                f"from {threshold.value:.4f} on, {_chosen(threshold)}",
                f"sensitivity {spoken(point.sensitivity)}, specificity {spoken(point.specificity)}",
            )
        )
    defined = [group for group in evaluation.subgroups if group.auc.value == group.auc.value]
    measured += [(f"AUC, {group.kind} {group.name}", spoken(group.auc)) for group in defined]
    yield from _table(measured, value_text=str)  # numbers, which nobody else wrote
    yield "Intervals hold 95 % of draws of lesions of this part. They say nothing of other archives, cameras, clinics"
    yield "or skin types, nor of another seed. A network may know its archive's shortcuts (rulers, ink, patches, dark"
    yield "corners), which serve it in training and test alike."


def _chosen(threshold: "ChosenThreshold") -> str:
    if threshold.chosen_on is None:
        return threshold.kept.origin if threshold.kept else ""
    return f"chosen on {threshold.chosen_on.part} ({threshold.criterion})"


def _corners(spec: InputSpec) -> str:
    return "filled" if spec.fill_corners else "kept"


def _made_by(settings: Mapping[str, Any]) -> str:
    """How diagnoses became classes."""
    source = str(settings.get("table_from") or "")
    if source == "bundled":
        source = "the table of diagnoses that comes with the program"
    if "fewer_than" in settings:
        return f"nodes of {source} with fewer than {settings['fewer_than']:,} pictures"
    return "each diagnosis a class" if settings.get("classes") == "diagnosis" else source


def _table(rows: Sequence[tuple[str, str]], value_text: Callable[[str], str] | None = None) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in rows:
        yield f"| {_text(name)} | {(value_text or _text)(value)} |"
    yield ""


def _text(text: str) -> str:
    """A text from a file as Markdown shows it."""
    return printable(text, 2000).translate(_MARKS)


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
