"""The class of every case, by whatever way a person chose, and the classes of a cohort."""

from collections.abc import Sequence
from pathlib import Path

from trainer.cohort import splits
from trainer.cohort.cases import Case
from trainer.cohort.diagnoses import Classified, by_diagnosis, classify, of_task, override
from trainer.cohort.options import PrepareOptions
from trainer.cohort.partition import partition, tree_of
from trainer.files.errors import UserError
from trainer.measures.tree import read_taxonomy
from trainer.pictures.diagnosis_words import BENIGN, MALIGNANT, read_diagnoses, read_task, the_rest


def classified(cases: Sequence[Case], options: PrepareOptions) -> Classified:
    """The class of each case; UserError where the tables and trees of the options cannot be used."""
    diagnoses = [case.diagnoses for case in cases]
    if options.malignant:
        return classify([words[:1] for words in diagnoses], override(diagnoses, options.malignant))
    if options.task:
        return of_task(diagnoses, read_task(options.task), read_diagnoses())
    if options.taxonomy:
        return partition(diagnoses, read_taxonomy(options.taxonomy), options.fewer_than)
    if options.classes == "diagnosis":
        return by_diagnosis(diagnoses)
    return classify(diagnoses, read_diagnoses(options.diagnoses))


def settings_of(classification: Classified, classes: Sequence[str], options: PrepareOptions) -> dict[str, object]:
    """How classes were made, in plain values for the cohort's settings."""
    settings: dict[str, object] = {
        "classes": options.classes,
        "table": {diagnosis: name for (diagnosis, name), _ in sorted(classification.table.items())},
        "table_from": "--malignant"
        if options.malignant
        else f"--task {options.task}"
        if options.task
        else next((path.name for path in (options.taxonomy, options.diagnoses) if path), "bundled"),
    }
    if options.taxonomy:
        taxonomy = read_taxonomy(options.taxonomy)
        settings |= {"fewer_than": options.fewer_than, "tree": tree_of(taxonomy, classes), "tree_from": taxonomy.name}
    return settings


def check_groups(
    kept: Sequence[tuple[Case, str]], classes: Sequence[str], folds: int, *, validation: bool = True
) -> None:
    """Say before the long work which class is too small to stand in every part or fold."""
    needed = splits.FEWEST_GROUPS if validation or folds else splits.FEWEST_GROUPS - 1
    for class_name in classes:
        own = [group_of(case) for case, name in kept if name == class_name]
        count = len(set(own))
        if count < needed:
            fewer = ", or ask for fewer parts (--no-validation)" if validation and not folds and count > 1 else ""
            raise UserError(splits.too_small(class_name, count, len(own), needed, fewer))
        if count < folds:
            raise UserError(splits.too_many_folds(folds, f"class {class_name}", count))


def group_of(case: Case) -> str:
    """What must stay on one side: the patient, else the lesion, else the group, else the picture alone."""
    kinds = (("patient", case.patient), ("lesion", case.lesion), ("group", case.group), ("picture", case.name))
    return next(f"{kind} {value}" for kind, value in kinds if value)


def classes_of(names: Sequence[str], images: Path) -> tuple[str, ...]:
    """Sorted names of the classes, so that malignant comes last of two, and "other" first.

    UserError where there are not two.
    """
    rest = the_rest(names)
    classes = tuple(sorted(set(names), key=lambda name: (name != rest, name.casefold())))
    if not classes:
        raise UserError(f"No picture in {images} has a usable diagnosis; name them in a table with --diagnoses.")
    if len(classes) == 1:
        other = {BENIGN: MALIGNANT, MALIGNANT: BENIGN}.get(classes[0])
        missing = f"; no picture is {other}" if other else ""
        raise UserError(
            f"All {len(names)} pictures have one class, {classes[0]}{missing}: a cohort needs two or more; "
            "check --labels, or let --diagnoses or --malignant say what counts as malignant."
        )
    return classes
