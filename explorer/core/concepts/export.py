"""The concept maps of many pictures in a folder: a grey PNG for each, and a table."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from explorer.core.concepts.amounts import artifact_scores
from explorer.core.concepts.corrections import Corrections
from explorer.core.concepts.maps import concept_maps
from explorer.core.concepts.masks import given_lesion
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.progress import OnStep, no_step
from trainer.concepts.words import ARTIFACTS, CONCEPTS
from trainer.files.atomic_files import cannot_write, create_file, new_folder, subfolder
from trainer.files.written_tables import write_rows


def export_maps(
    pictures: Sequence[Path],
    out: Path,
    masks: Mapping[str, Path] | None = None,
    said: Corrections | None = None,
    on_step: OnStep = no_step,
) -> dict[str, str]:
    """Write the maps of the pictures into the new folder `out`; what could not be read, by its file's name and why.

    `CONCEPT/NUMBER_NAME.png` is 8-bit grey, 255 where the map is 1; concepts.csv has a line a picture: whether its
    lesion was given or found, the lesion's share of the picture, and `artifact_scores`. An artifact that a person
    `said` is not there (by the picture's path) is nowhere. The folder appears whole or not at all. UserError where it
    holds files already or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already and not an empty folder; name a new one for the maps.")
    rows: list[tuple[object, ...]] = [("image", "maps", "lesion", "share", *ARTIFACTS)]
    left_out = {}
    try:
        subfolder(out.parent)
        with new_folder(out) as folder:
            for name in CONCEPTS:
                (folder / name).mkdir()
            for number, picture in enumerate(pictures):
                try:
                    rgb = read_image(picture)
                    given = given_lesion(picture, masks or {}, (rgb.shape[0], rgb.shape[1]))
                except UserError as error:
                    left_out[str(picture)] = str(error)
                    continue
                maps = concept_maps(rgb, lesion=given)
                if said is not None:
                    maps = said.corrected(str(picture), maps)
                file_name = f"{number + 1:05d}_{picture.stem[:80]}.png"
                for name, map in maps.items():
                    create_file(folder / name / file_name, _png(map))
                scores = artifact_scores(maps)
                origin, share = "found" if given is None else "given", float(maps["lesion"].mean())
                rows.append(
                    (picture, file_name, origin, f"{share:.4f}", *(f"{scores[name]:.4f}" for name in ARTIFACTS))
                )
                on_step(number + 1, len(pictures))
            create_file(folder / "concepts.csv", write_rows(rows))
    except OSError as error:
        raise cannot_write(out, error) from error
    return left_out


def _png(map: npt.NDArray[np.float32]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.rint(map * 255).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()
