"""Drawn dermoscopy pictures with an exact mask of every concept in them.

Everything is drawn from one seed, each concept from a stream of chance of its own: taking the hair away or
changing the label leaves everything else as it was, so that a picture and its twin differ in that alone.
The pictures in resources/demo/pictures were made by `demo_pictures` of `trainer.synthetic.demo`, which draws them by
`draw(seed, size=448, label=..., skin=..., concepts=...)`, as JPEG of quality 90.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.files.atomic_files import cannot_write, create_file, new_folder, subfolder, sweep
from trainer.files.errors import UserError
from trainer.files.progress import OnStep
from trainer.files.written_tables import write_rows
from trainer.synthetic.artifacts import ARTIFACTS, COVERING
from trainer.synthetic.compositing import COVERED
from trainer.synthetic.lesion import lesion
from trainer.synthetic.noise_fields import Mask, field
from trainer.synthetic.skin import TONES
from trainer.synthetic.skin import skin as skin_of

Label = Literal["benign", "malignant"]
LABELS: tuple[Label, Label] = ("benign", "malignant")

ALWAYS = ("lesion", "border", "skin")
OPTIONAL = ("dark", "hair", "ruler", "bubble", "reflection", "corner", "ink", "patch")
CONCEPTS = (*ALWAYS, *OPTIONAL)
"""Every concept that has a mask; the last eight may be absent from a picture."""

CHANCES = {
    "hair": 0.40,
    "ruler": 0.16,
    "bubble": 0.16,
    "reflection": 0.22,
    "corner": 0.16,
    "ink": 0.09,
    "patch": 0.05,
}
DARK_CHANCES = {"benign": 0.35, "malignant": 0.85}
SKIN_SHARES = (0.16, 0.26, 0.22, 0.16, 0.12, 0.08)

JPEG_QUALITY = 90

# Streams of chance: one for each thing that is drawn, so that no two depend on each other.
_CHOICE, _SKIN, _GRAIN, _ARTIFACT, _LESION, _FOLDER = range(6)


@dataclass(frozen=True)
class SyntheticPicture:
    """A drawn picture and where in it every concept is.

    `rgb` is (H, W, 3) uint8. `masks` has a (H, W) bool for each of `CONCEPTS`, all False where the concept is not
    drawn: "lesion" up to the middle of its soft edge; "border" the ring around that outline; "dark" the dark
    regions in the lesion; "skin" what is neither lesion nor under an artifact. What lies under a patch or behind
    dark corners is in no other mask. `skin` is the Fitzpatrick type, 1 to 6.
    """

    rgb: npt.NDArray[np.uint8]
    masks: dict[str, Mask]
    label: Label
    skin: int

    @property
    def concepts(self) -> frozenset[str]:
        """The concepts that are to be seen in the picture."""
        return frozenset(name for name, mask in self.masks.items() if mask.any())


def draw(
    seed: int,
    *,
    size: int = 300,
    label: str | None = None,
    skin: int | None = None,
    concepts: frozenset[str] | None = None,
) -> SyntheticPicture:
    """Draw one picture of `size` x `size`; the same arguments give the same picture.

    What is None is left to chance. `concepts` are the optional concepts to draw, and no others; a lesion on skin
    is always drawn. UserError for a size under 32, a negative seed, or an unknown label, skin type or concept.
    """
    _check(seed, size, label, skin, concepts or ())
    chosen_label, skin_type = _chosen(seed, label, skin)
    wanted = usual_concepts(seed, chosen_label) if concepts is None else concepts
    malignant = chosen_label == "malignant"

    bare = skin_of(_stream(seed, _SKIN), size, skin_type)
    spot = lesion(_stream(seed, _LESION, int(malignant)), size, malignant=malignant, dark="dark" in wanted)
    rgb = spot.over(bare)
    masks = {"lesion": spot.mask, "border": spot.border, "dark": spot.dark}
    free = ~spot.mask
    for number, (name, layer) in enumerate(ARTIFACTS.items()):
        masks[name] = np.zeros((size, size), np.bool_)
        if name not in wanted:
            continue
        rgb, coverage = layer(_stream(seed, _ARTIFACT, number), rgb, skin_type)
        covered = coverage >= COVERED
        if name in COVERING:
            masks = {below: mask & ~covered for below, mask in masks.items()}
        masks[name] = covered
        free &= ~covered
    masks["skin"] = free
    grain = _stream(seed, _GRAIN)
    rgb = rgb * (1 + 0.008 * field(grain, size, size // 3)[..., None])
    rgb += grain.normal(0, 0.005, rgb.shape).astype(np.float32)
    pixels = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return SyntheticPicture(pixels, {name: masks[name] for name in CONCEPTS}, chosen_label, skin_type)


def usual_concepts(seed: int, label: str) -> frozenset[str]:
    """The optional concepts that chance gives to this picture; artifacts do not depend on the label."""
    numbers = _stream(seed, _CHOICE).random(8)
    drawn = {name for name, number in zip(CHANCES, numbers, strict=False) if number < CHANCES[name]}
    return frozenset(drawn | ({"dark"} if numbers[-1] < DARK_CHANCES[label] else set()))


def _check(seed: int, size: int, label: str | None, skin: int | None, concepts: Iterable[str]) -> None:
    unknown = sorted(set(concepts) - set(CONCEPTS))
    if unknown:
        raise UserError(f'No concept is called "{unknown[0]}"; there are {", ".join(CONCEPTS)}.')
    if label not in (None, *LABELS):
        raise UserError(f'A drawn lesion is "benign" or "malignant", not "{label}".')
    if skin is not None and skin not in TONES:
        raise UserError(f"Skin types go from 1 to 6, not {skin}.")
    if size < 32:
        raise UserError(f"A drawn picture needs at least 32 x 32 pixels, not {size}.")
    if seed < 0:
        raise UserError(f"A seed is 0 or more, not {seed}.")


def _stream(seed: int, *purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, *purpose])


def _chosen(seed: int, label: str | None, skin: int | None) -> tuple[Label, int]:
    rng = _stream(seed, _CHOICE, 1)
    by_chance, type_by_chance = LABELS[int(rng.integers(2))], int(rng.choice(len(TONES), p=SKIN_SHARES)) + 1
    return cast(Label, label) if label else by_chance, skin or type_by_chance


def write_folder(
    out: Path,
    count: int,
    seed: int = 0,
    *,
    malignant: float = 0.5,
    size: int = 300,
    planted: tuple[str, float] | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Draw `count` pictures into the new folder `out`: images/<label>/, masks/<concept>/ and labels.csv.

    `malignant` is the share of malignant pictures. `planted` (concept, share) gives that share of the malignant
    pictures and none of the benign ones an artifact, as a shortcut for a network to fall for. Every fifth picture
    of a label is of the "test" split; each picture is a group of its own. A mask is written for every concept,
    empty where the picture lacks it. The folder appears whole or not at all.
    UserError where `out` holds files already, or a share or a concept is not usable.
    """
    _check(seed, size, None, None, ())
    _check_folder(out, count, malignant, planted)
    rng = _stream(seed, _FOLDER)
    sick = set(rng.permutation(count)[: round(count * malignant)].tolist())
    bearers: set[int] = set()
    if planted:
        bearers = set(rng.permutation(sorted(sick))[: round(len(sick) * planted[1])].tolist())
    seen = dict.fromkeys(LABELS, 0)
    rows: list[tuple[object, ...]] = [("image", "label", "split", "group", *CONCEPTS)]
    try:
        subfolder(out.parent)
        sweep(out)
        with new_folder(out) as folder:
            for part in (*(f"images/{label}" for label in LABELS), *(f"masks/{concept}" for concept in CONCEPTS)):
                (folder / part).mkdir(parents=True)
            for number in range(count):
                label = LABELS[number in sick]
                own = int(_stream(seed, _FOLDER, number + 1).integers(2**53))
                concepts = usual_concepts(own, label)
                if planted:
                    concepts = concepts - {planted[0]} | ({planted[0]} if number in bearers else set())
                picture = draw(own, size=size, label=label, concepts=concepts)
                name = f"drawn_{number + 1:05d}"
                image = f"images/{label}/{name}.jpg"
                create_file(folder / image, encoded(picture.rgb, "JPEG", quality=JPEG_QUALITY))
                for concept, mask in picture.masks.items():
                    create_file(folder / "masks" / concept / f"{name}.png", encoded(mask, "PNG"))
                seen[label] += 1
                split = "test" if seen[label] % 5 == 0 else "train"
                rows.append((image, label, split, number, *(int(part in picture.concepts) for part in CONCEPTS)))
                if on_step:
                    on_step(number + 1, count)
            create_file(folder / "labels.csv", write_rows(rows))
    except OSError as error:
        raise cannot_write(out, error) from error


def encoded(pixels: npt.NDArray[Any], format: str, **options: Any) -> bytes:
    """A picture's bytes as a file of this format."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format, **options)
    return content.getvalue()


def _check_folder(out: Path, count: int, malignant: float, planted: tuple[str, float] | None) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already and not an empty folder; name a new one for the drawn pictures.")
    if count < 1:
        raise UserError(f"A folder needs at least 1 picture, not {count}.")
    if not 0 <= malignant <= 1 or (planted and not 0 <= planted[1] <= 1):
        raise UserError("A share of pictures goes from 0 to 1.")
    if planted and planted[0] not in ARTIFACTS:
        raise UserError(f'Only an artifact can be planted, not "{planted[0]}"; there are {", ".join(ARTIFACTS)}.')
