"""The forms of label tables that people have, by the titles of their columns: a new one is one entry of `FORMS`.

Titles are compared as `folded` writes them. What a table says besides the class has the titles in `ROLES`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Form:
    """One form: `pictures` are titles of the column that names the picture, the first that is there.

    `classes` are the columns that say what it shows, the deepest diagnosis first; with `one_each`, columns of which a
    single one holds a 1, and `neither` is the class of a row without any. At least `least` of them must be there.
    `truths`: what 0 and 1 mean in a column.
    """

    name: str
    pictures: tuple[str, ...]
    classes: tuple[str, ...]
    one_each: bool = False
    neither: str = ""
    least: int = 1
    truths: Mapping[str, tuple[str, str]] = field(default_factory=dict)


NAMES = ("isic_id", "image_id", "image_name", "image", "img_id", "filename", "file_name", "file", "image_path", "path")
"""Titles that a column with the names of pictures has in any form."""
MARKS = ("mel", "nv", "bcc", "ak", "akiec", "bkl", "df", "vasc", "scc", "sccka", "ben_oth", "mal_oth", "inf", "unk")
TARGET = {"target": ("benign", "malignant")}
TRUTHS = {
    "malignant": ("benign", "malignant"),
    "is_malignant": ("benign", "malignant"),
    "benign": ("malignant", "benign"),
    "melanoma": ("not_melanoma", "melanoma"),
    "is_melanoma": ("not_melanoma", "melanoma"),
}
"""What 0 and 1 mean in columns of these titles in any form."""

_DEPTHS = ("5", "4", "3", "2")

FORMS = (
    Form("HAM10000", ("image_id",), ("dx",)),
    Form(
        "ISIC archive",
        ("isic_id", "image_name"),
        (*(f"diagnosis_{depth}" for depth in _DEPTHS), "diagnosis", "diagnosis_1", "benign_malignant"),
    ),
    Form(
        "ISIC 2024",
        ("isic_id",),
        (*(f"iddx_{depth}" for depth in _DEPTHS), "iddx_1", "target"),
        truths=TARGET,
    ),
    Form("MILK10k", ("isic_id",), ("diagnosis_full",)),
    Form("BCN20000", ("bcn_filename",), ("diagnosis",)),
    Form("PAD-UFES-20", ("img_id",), ("diagnostic",)),
    Form("derm7pt", ("derm", "clinic"), ("diagnosis",)),
    Form("Fitzpatrick17k", ("md5hash",), ("label", "nine_partition_label", "three_partition_label")),
    Form("DDI", ("ddi_file",), ("disease", "malignant")),
    Form("ISIC 2017", NAMES, ("melanoma", "seborrheic_keratosis"), one_each=True, neither="nevus", least=2),
    Form("one column for each class", (*NAMES, "lesion_id"), MARKS, one_each=True, least=2),
    Form("image and label", NAMES, ("label",)),
    Form("image and label", NAMES, ("class",)),
    Form("image and label", NAMES, ("diagnosis",)),
    Form("image and label", NAMES, ("dx",)),
    Form("image and label", NAMES, ("malignant",)),
    Form("image and target", ("isic_id", "image_name"), ("target",), truths=TARGET),
    Form("image and target", NAMES, ("target",)),
)
"""The first one whose columns are there is taken."""

ROLES = {
    "patient": ("patient_id", "patient", "patientid", "subject_id", "subject"),
    "lesion": ("lesion_id", "lesion", "lesionid"),
    "group": ("group", "group_id"),
    "split": ("split", "partition", "subset"),
    "sex": ("sex", "gender"),
    "site": ("anatom_site_general", "anatom_site_general_challenge", "localization", "location", "region", "site"),
    "age": ("age_approx", "age"),
    "confirmed": ("dx_type", "diagnosis_confirm_type"),
}
"""Titles of columns that say more about a picture, the first that is there."""

_ID = r"_?(?:ids?|identifier|uid|pseudonym|code|key)"
_NUMBER = r"_?(?:num|number|nummer|no|nr|#)\.?"
_PERSON = r"(?:patient(?:en)?|participant|subject|person|proband)s?"
_BY_WORDS = {
    "patient": re.compile(rf"{_PERSON}|patient_?name|(?:.+_)?(?:{_PERSON}|pat|case)(?:{_ID}|{_NUMBER})"),
    # The number of a lesion may be counted anew for each patient.
    "lesion": re.compile(rf"(?:.+_)?(?:lesion|mole|tumou?r){_ID}"),
}
"""The words in other titles of `ROLES`, as `folded` writes them."""

NOT_KNOWN = frozenset(
    {"", "unknown", "not known", "n/a", "na", "n.a.", "n.a", "#n/a", "<na>", "nan", "none", "null", "-", "?"}
    | {"missing", "not available", "unspecified", "not specified"}
)
"""What stands in a cell where something is not known, in small letters."""

DETAILS = frozenset({"mel_class", "mel_type", "nevus_type", "iddx_full", "diagnosis_full", "diagnosis_confirm_type"})
"""Titles of columns that say more about a diagnosis of the ISIC archive than its other columns do."""

NO_CLASSES = frozenset(
    {"male", "female", "man", "woman", "men", "women", "m", "f"}
    | {"hair", "hairs", "ruler", "rulers", "ink", "marker", "pen", "pen_mark", "pen_marks", "gel"}
    | {"bubble", "bubbles", "air_bubbles", "gel_bubble", "gel_bubbles", "sticker", "stickers", "frame", "vignette"}
    | {"dark_corner", "dark_corners", "black_corner", "black_corners"}
)
"""Titles of columns of 0 and 1 that say something else than a class: a person's sex, an artifact."""

PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "holdout": "test",
    "hold_out": "test",
    "hold-out": "test",
    **{f"{whose}{between}test": "test" for whose in ("public", "private") for between in ("", " ", "_")},
}
"""Part by the word for it in a table, or of a folder, in small letters."""

EITHER_PART = frozenset({"eval", "evaluation"})
"""Words for a part that some call validation and some test."""

_FLAG = re.compile(r"i[sn]_?(.+)")
_PART_FOLDER = re.compile(r"(.+?)[ _-]?(?:set|data|dataset|split|images?|pictures|photos)?")

TITLES = frozenset(
    {title for form in FORMS for title in (*form.pictures, *form.classes)}
    | {title for titles in ROLES.values() for title in titles}
)
"""Every title that is known, as `folded` writes it."""

PICTURE_TITLES = frozenset({title for form in FORMS for title in form.pictures}) - {"lesion_id"}
"""Titles of columns that name pictures, as `folded` writes them."""

CLASS_WORDS = frozenset({*MARKS, *TRUTHS, "seborrheic_keratosis"})
"""Titles that are classes, and stand as words in columns of other tables."""


def tied_role(title: str) -> str:
    """Whether a title, as `folded` writes it, is one of patients, lesions or groups: its role, else ""."""
    known = next((role for role in ("patient", "lesion", "group") if title in ROLES[role]), "")
    return known or next((role for role, words in _BY_WORDS.items() if words.fullmatch(title)), "")


def part_word(folder: str) -> str:
    """The word for a part in a folder's name, which may say "set" or "images" behind it; "" where there is none."""
    match = _PART_FOLDER.fullmatch(folder.casefold())
    words = (match[0], match[1]) if match else ()
    return next((word for word in words if word in PARTS or word in EITHER_PART), "")


def part_of(word: str) -> str:
    """The part that a word of a table says, such as "test" for "Test set"; "" where it says none."""
    return PARTS.get(part_word(word.strip()), "")


def flagged_part(title: str) -> str:
    """The part that 1 means in a column of 0 and 1 of this title, such as is_train; "" where it is none."""
    word = _FLAG.fullmatch(title)
    if word is not None and word[1] != "valid":
        return PARTS.get(word[1], "")
    return "train" if title in ("train", "training") else ""


def is_known(cell: str) -> bool:
    """Whether a cell or a name says anything: no word for "not known"."""
    return cell.casefold() not in NOT_KNOWN


def is_no_class(title: str) -> bool:
    """Whether columns of 0 and 1 of this title say something else than a class."""
    return title in NO_CLASSES or title in PARTS or bool(flagged_part(title))


def folded(title: str) -> str:
    """What two spellings of a title share: no case, composed letters, and "_" for spaces and hyphens."""
    return re.sub(r"[\s\-]+", "_", unicodedata.normalize("NFC", title).strip().casefold())
