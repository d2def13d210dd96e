"""Folders and tables -> cases: each picture with its diagnosis, patient, lesion, group and part, as it was given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.wording import listed
from trainer.pictures.class_columns import number
from trainer.pictures.class_folders import class_folders
from trainer.pictures.column_choice import TIED, Wanted
from trainer.pictures.file_names import one_line, quoted
from trainer.pictures.folder_walk import Listing, is_hidden, list_folder
from trainer.pictures.holding_folders import Holder, about_levels, holding_folders, patient_folder
from trainer.pictures.label_forms import part_of
from trainer.pictures.label_table import LabelRow, LabelTable, read_label_table
from trainer.pictures.named_folders import NOT_CLASSES


@dataclass(frozen=True)
class Case:
    """One picture as it was given; "" and NaN mean not known.

    `name` is relative to the pictures' folder, with "/". `diagnoses` begin with the deepest known one and go up to
    the coarsest; `age` is in years; `confirmed` says how the diagnosis was made, such as "histo".
    """

    name: str
    diagnoses: tuple[str, ...]
    patient: str = ""
    lesion: str = ""
    group: str = ""
    part: str = ""
    sex: str = ""
    site: str = ""
    age: float = math.nan
    confirmed: str = ""


@dataclass(frozen=True)
class Reading:
    """What a folder and its table gave: the labelled cases, and everything that found no counterpart.

    `form` says how labels were given; `found` counts the pictures, `left_out` holds (picture, reason); `masks` lie
    among the pictures.
    """

    form: str
    cases: list[Case]
    found: int
    left_out: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)


def read_cases(
    images: Path, labels: Path | None, columns: Wanted | None = None, *, given_split: bool = True
) -> Reading:
    """Pair the pictures of a folder with the rows of a table, or with the names of their class folders.

    Tables are read as `trainer.pictures.label_table` says, folders as `class_folders`. UserError where nothing can be
    paired, where a subfolder cannot be read, or where the `given_split` has words that are no parts.
    """
    if not images.is_dir():
        raise UserError(f"{images} is not a folder; give the folder of the pictures to --images.")
    listing = list_folder(images)
    if listing.unreadable:
        raise UserError(" ".join(listing.unreadable))
    listing.check()
    names = sorted(path.relative_to(images).as_posix() for path in listing.pictures)
    unnamed = [name for name in names if not _encodable(name)]
    left_out = [(one_line(name), "its name is no UTF-8; rename it") for name in unnamed]
    names = [name for name in names if _encodable(name)]
    if not names and unnamed:
        raise UserError(
            f"None of the {len(unnamed)} pictures in {images} has a name in UTF-8 (the first: {left_out[0][0]}); "
            "rename them."
        )
    columns = columns or {}
    if labels is not None and "folder" in columns.get("label", ()):
        raise UserError(
            "--columns label=folder takes the folders for classes, --labels a table; leave one of them out."
        )
    tied = [role for role in TIED if "folder" in columns.get(role, ())]
    if labels is None:
        reading = _from_folders(listing, names, unnamed, certain="folder" in columns.get("label", ()))
        if not tied:
            reading.problems.extend(_about_holders(images, reading.cases))
    else:
        reading = _from_table(images, names, labels, columns, given_split)
    reading = _tied_by_folder(reading, images, tied)
    return replace(
        reading,
        found=len(listing.pictures) + len(listing.masks),
        left_out=reading.left_out + left_out,
        problems=[*listing.notes, *reading.problems],
        masks=[one_line(path.relative_to(images).as_posix()) for path in listing.masks],
    )


def _tied_by_folder(reading: Reading, images: Path, roles: Sequence[str]) -> Reading:
    """The reading with the folders of its cases as patients, lesions or groups; UserError where there are none."""
    if not roles:
        return reading
    holders = _holders(images, reading.cases)
    if len(set(holders.values())) < 2:
        raise UserError(
            f"--columns {roles[0]}=folder: {images} has no two folders besides those of classes and parts that "
            f"could be of a {roles[0]}; leave it out."
        )
    cases = list(reading.cases)
    for role in roles:
        ids = {name: patient_folder(path) if role == "patient" else "/".join(path) for name, path in holders.items()}
        # Each of the roles is a text.
        cases = [replace(case, **{role: ids.get(case.name, "")}) for case in cases]  # type: ignore[arg-type]
    notes = about_levels(holders.values()) if "patient" in roles else []
    alone = [case.name for case in cases if case.name not in holders]
    if alone:
        notes.append(f"{len(alone):,} pictures lie in no folder of a {roles[0]} ({one_line(alone[0])} first).")
    return replace(reading, cases=cases, problems=[*reading.problems, *notes])


def _holders(images: Path, cases: Sequence[Case]) -> dict[str, Holder]:
    """The folders that are no classes, by the name of the picture."""
    names = {images / case.name: case.name for case in cases}
    holders = holding_folders(images, list(names), {images / case.name: case.diagnoses for case in cases})
    return {names[path]: holder for path, holder in holders.items()}


def _about_holders(images: Path, cases: Sequence[Case]) -> list[str]:
    """Sentences on folders besides those of the classes, which may be those of patients."""
    holders = set(_holders(images, cases).values())
    names = quoted({patient_folder(holder) for holder in holders})
    if len(names) < 2:
        return []
    return [
        f"Besides the folders of the classes there are {len(names):,} others, {listed(names, 3)}. If they are of "
        "patients, --columns patient=folder keeps the pictures of each on one side of the split.",
        *about_levels(holders),
    ]


def _from_folders(listing: Listing, names: Sequence[str], unnamed: Sequence[str], *, certain: bool) -> Reading:
    """Cases of pictures in class folders; a folder train, val or test above or below the class gives the part.

    A folder of masks, or of what cannot be named, alone is not empty.
    """
    images = listing.folder
    paths = {name: images / name for name in names}
    layout = class_folders(images, list(paths.values()), certain=certain)
    if layout.doubt:
        raise UserError(
            f"In {images}, {layout.doubt}; give the table of the classes to --labels, or say --columns label=folder if "
            "the deepest are the classes."
        )
    cases = [
        Case(name, (layout.classes[path],), part=layout.parts.get(path, ""))
        for name, path in paths.items()
        if path in layout.classes
    ]
    outside = set(layout.outside)
    left_out = [(name, "it lies in no class folder") for name, path in paths.items() if path in outside]
    if not cases:
        raise UserError(
            f"{images} has no class folders such as {images.name}/benign and {images.name}/malignant; "
            "make them, or give a CSV to --labels."
        )
    _check_filled(listing, [*paths.values(), *listing.masks, *(images / name for name in unnamed)])
    notes = list(layout.notes)
    if not layout.deepest:
        notes.append("--columns label=folder takes the deepest folders for classes instead.")
    return Reading("class folders", cases, len(names), left_out, notes)


def _check_filled(listing: Listing, pictures: Sequence[Path]) -> None:
    """UserError for a folder beside those that hold pictures that holds none."""
    images = listing.folder
    used = {path.relative_to(images).parent.as_posix() for path in pictures}
    for parent in {folder.rpartition("/")[0] for folder in used if folder != "."}:
        for folder in sorted((images / parent).iterdir()):
            inside = folder.relative_to(images).as_posix()
            plain = not is_hidden(folder.name) and folder.name.casefold() not in NOT_CLASSES
            if plain and folder.is_dir() and not any(path == inside or path.startswith(f"{inside}/") for path in used):
                clauses = "; ".join(listing.foreign_in(folder))
                what = f" that can be read, but {clauses}, or remove it" if clauses else "; fill it or remove it"
                raise UserError(f"The class folder {folder} holds no pictures{what}.")


def _from_table(images: Path, names: Sequence[str], labels: Path, columns: Wanted, given_split: bool) -> Reading:
    paths = {name: images / name for name in names}
    asked = {
        role: named for role, titles in columns.items() if (named := [word for word in titles if word != "folder"])
    }
    pairing = read_label_table(labels, list(paths.values()), asked)
    table = pairing.table
    cases: list[Case] = []
    left_out: list[tuple[str, str]] = []
    for name, path in paths.items():
        row = pairing.row(path)
        if row is None:
            left_out.append((name, _no_row(table)))
        elif pairing.keys[path] in table.disagreeing:
            left_out.append((name, _disagreeing(table)))
        elif not row.diagnoses:
            left_out.append((name, f"its row in {table.name} has no single label"))
        else:
            cases.append(_case(name, row, table, given_split))
    if not cases:
        raise _none_labelled(images, names, table, left_out)
    problems = list(table.problems)
    missing, several = pairing.unused, pairing.shared
    if missing:
        problems.append(
            f"{len(missing)} of {len(table.rows)} names in {table.name} have no picture, {one_line(missing[0])} first."
        )
    if several:
        problems.append(f"{len(several)} names in {table.name} fit several pictures, {one_line(several[0])} first.")
    if pairing.loosely:
        problems.append(
            f"{len(pairing.loosely)} pictures were found without leading zeros or _downsampled in their names, "
            f"{one_line(pairing.loosely[0].name)} first."
        )
    ages = [table.value(row, "age") for path in paths.values() if (row := pairing.row(path))]
    odd = [age for age in ages if age and math.isnan(_age(age))]
    if odd:
        problems.append(
            f"{len(odd):,} ages in {table.name} are no number of years and count as not known, "
            f'"{one_line(odd[0])[:40]}" first.'
        )
    return Reading(f"{table.name}, {table.form}: {table.decided}", cases, len(names), left_out, problems)


def _none_labelled(
    images: Path, names: Sequence[str], table: LabelTable, left_out: Sequence[tuple[str, str]]
) -> UserError:
    """The sentence for a table that gives no picture a class: it is about others, or its rows say none."""
    of_rows = [(name, reason) for name, reason in left_out if reason != _no_row(table)]
    if of_rows:
        first, reason = of_rows[0]
        count = sum(other == reason for _, other in of_rows)
        what = "rows that disagree" if reason == _disagreeing(table) else "a row without a single label"
        return UserError(
            f"{table.name} labels none of the {len(names)} pictures in {images}: {count} of them have {what}, "
            f"{one_line(first)} first ({table.decided}); correct the table, or say --columns label=TITLE."
        )
    example = next(iter(table.rows.values()), LabelRow("", ())).name
    return UserError(
        f"{table.name} labels none of the {len(names)} pictures in {images} (it names {one_line(example)[:60]}, "
        f"the folder holds {one_line(names[0])}; {table.decided}); give the table and the folder that belong "
        "together, or say --columns image=TITLE,label=TITLE."
    )


def _no_row(table: LabelTable) -> str:
    return f"it has no row in {table.name}"


def _disagreeing(table: LabelTable) -> str:
    return f"its rows in {table.name} disagree"


def _case(name: str, row: LabelRow, table: LabelTable, given_split: bool) -> Case:
    part = table.value(row, "split")
    if given_split and part and not part_of(part):
        raise UserError(
            f'{table.name} has the split "{one_line(part)[:40]}" for {one_line(name)}; use train, validation or test, '
            "or --own-split, which ignores it."
        )
    sex = table.value(row, "sex").lower()
    return Case(
        name,
        row.diagnoses,
        patient=table.value(row, "patient"),
        lesion=table.value(row, "lesion"),
        group=table.value(row, "group"),
        part=part_of(part),
        sex={"f": "female", "m": "male"}.get(sex, sex),
        site=table.value(row, "site").lower(),
        age=_age(table.value(row, "age")),
        confirmed=table.value(row, "confirmed").lower(),
    )


def _age(text: str) -> float:
    """An age as a number; NaN where it is none, or no age."""
    try:
        value = number(text)
    except ValueError:
        return math.nan
    return value if 0 <= value < 130 else math.nan


def _encodable(name: str) -> bool:
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in name)
