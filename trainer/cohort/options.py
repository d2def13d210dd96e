"""What a person can choose when a cohort is prepared."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from trainer.cohort.partition import FEWER_THAN
from trainer.pictures.column_choice import Wanted


@dataclass(frozen=True)
class PrepareOptions:
    """What a person can choose: `malignant` overrides the table of `diagnoses`; `folds` 0 means one split.

    `task` is a name of resources/tasks.toml, "" for none; `taxonomy` is a file of a tree that is partitioned into
    classes of `fewer_than` so many pictures. `unknown`: what becomes of pictures whose diagnosis the table does not
    know. `columns` says what the columns of the labels hold. Without `validation` no part is set apart to choose
    epochs by. `field_of_view` > 0 keeps of each picture its lesion's surround with this margin (`InputSpec`).
    `replace`: what is at the path goes, whatever it was made of.
    """

    classes: Literal["malignancy", "diagnosis"] = "malignancy"
    diagnoses: Path | None = None
    malignant: tuple[str, ...] = ()
    task: str = ""
    taxonomy: Path | None = None
    fewer_than: int = FEWER_THAN
    unknown: Literal["stop", "leave-out"] = "stop"
    columns: Wanted = field(default_factory=dict)
    source: str = ""
    side: int = 300
    field_of_view: float = 0.0
    folds: int = 0
    seed: int = 0
    given_split: bool = True
    validation: bool = True
    replace: bool = False
