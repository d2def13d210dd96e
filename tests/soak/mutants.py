"""Changed files of every format, opened one after the other; a process of its own, so that a crash is seen.

`python -m tests.soak.mutants SEED FOLDER FORMAT=COUNT ...` prints one JSON object: for each format how many opened, how
many were refused, and what went wrong, if anything did: {"number": ..., "problem": ...}.
"""

import contextlib
import hashlib
import io
import json
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import resources
from explorer.core.attribution.attribution_map import AttributionMap
from explorer.core.attribution.result_file import kept_description, kept_map, packed
from explorer.core.concepts import read_corrections
from explorer.core.drawing.styles import FORMATS
from explorer.core.export.manifest import read_manifest
from explorer.core.figures.encoding import describe, encode, read_description
from explorer.core.images import read_image, thumbnail
from explorer.core.index import open_index, sealed_file
from explorer.core.labels import read_labels
from explorer.core.network.opening import open_network
from explorer.core.report import page
from explorer.core.report.check import read_report
from explorer.core.suggestions.table import read_table
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.csv_exchange import import_csv
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.core.tags.vocabulary import read_vocabulary
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index
from tests.networks import SMALL, save_small
from tests.trainer.cohorts import drawn_cohort
from trainer.cohort import hdf5_file as cohort_file
from trainer.cohort.cases import read_cases
from trainer.cohort.cohort import open_cohort
from trainer.cohort.parallel_decoding import decode
from trainer.files.errors import UserError
from trainer.measures.reader_study import read_readers
from trainer.measures.taxonomy import read_taxonomy
from trainer.networks.architectures import ScratchCNN
from trainer.pictures.diagnosis_words import read_diagnoses
from trainer.training.presets import PRESETS
from trainer.training.run_folder import RunFolder, State
from trainer.training.settings_file import read_settings, write_settings

PATIENCE, ROOM = 60, 3 << 30
"""Seconds for one file, and bytes of memory beyond those of the empty process."""


@dataclass(frozen=True)
class Format:
    """A whole file's name and bytes, what opens one, and what makes a mutant pass its first check."""

    name: str
    content: bytes
    open: Callable[[Path], object]
    mend: Callable[[bytes], bytes] = field(default=lambda content: content)


def saved(write: Callable[[Path], object], folder: Path, name: str) -> bytes:
    path = folder / name
    write(path)
    return path.read_bytes()


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return ScratchCNN(2, **SMALL).state_dict()


def torch_bytes(value: object, **how: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **how)
    return buffer.getvalue()


def network(path: Path) -> object:
    return open_network(path, device="cpu")


def picture(path: Path) -> object:
    decode(path.parent, path.name, 64)
    with contextlib.suppress(UserError):
        thumbnail(path)
    return read_image(path)


def picture_bytes(kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(rgb).save(buffer, kind, **how)
    return buffer.getvalue()


def book(path: Path) -> None:
    made = TagBook("d" * 64, "small", "scratch_cnn", [("features.0", 4), ("features.2", 6)])
    made.add(FilterKey(0, 1), "hair", detail="dark", note="sure", annotator="me", confidence=0.8)
    made.add(FilterKey(1, 2), "border")
    save_tags(path, made)


def onnx_file(path: Path) -> None:
    torch.manual_seed(0)
    with warnings.catch_warnings(action="ignore"):
        module = ScratchCNN(2, **SMALL).eval()
        torch.onnx.export(module, (torch.zeros(1, 3, 32, 32),), str(path), dynamo=False)


def resealed(content: bytes) -> bytes:
    """A cohort file whose first line promises what is in it."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        line = json.loads(content[:512])
        start = line["first_byte"]
        end = start + line["pictures"] * line["side"] ** 2 * 3
        line["bytes"] = len(content)
        line["checksum"] = cohort_file._checksum(line["pictures"], line["side"], content[512:start], content[end:])
        return json.dumps(line).encode().ljust(511) + b"\n" + content[512:]
    return content


def index_file(path: Path) -> None:
    """An index of 20 pictures that holds its answers itself."""
    write_index(path, np.random.default_rng(0).random((6, 20)), filters=(2, 4))


def sealed_anew(content: bytes) -> bytes:
    """A file of an index whose first line tells the digest of what is in it, as a stranger would write it."""
    line = f"{sealed_file._LINE}{hashlib.sha256(content[512:]).hexdigest()}\n"
    return line.encode().ljust(512, b"\0") + content[512:]


def index(path: Path) -> object:
    """Read what an index holds."""
    with open_index(path) as opened:
        told = opened.logits, opened.embedding, opened.filters(), opened.layer_answers(1), opened.trained_on
        return told, opened.strongest(FilterKey(0, 1)), opened.places(FilterKey(0, 0)), opened.scale(FilterKey(1, 1))


def labels(path: Path) -> object:
    (path.parent / "p0.png").touch()
    with contextlib.suppress(UserError):
        read_labels(path)
    return read_cases(path.parent, path)


def tags(path: Path) -> object:
    return import_csv(path, TagBook("d" * 64, "small", "a", [("a", 9)]))


def run_state(path: Path) -> object:
    path.replace(path.parent / "resume.pt")
    folder = RunFolder.__new__(RunFolder)
    folder.path = path.parent
    return folder.load()


def lens_result() -> bytes:
    """A map with the picture that its lens made, as a file."""
    map = np.random.default_rng(0).random((12, 12)).astype(np.float32)
    attribution = AttributionMap("class:a", map, True, 0.5, {}, "", rgb=np.zeros((12, 12, 3), np.uint8))
    return packed(attribution, {"lens": "saliency", "target": "class:a"})


def result(path: Path) -> object:
    return kept_description(path), kept_map(path)


def figure(kind: str) -> bytes:
    rgb = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    return encode(rgb, kind, 72, describe({"kind": "card", "filter": "7:8"}))


def described(path: Path) -> object:
    """What a figure says; a file that says nothing is refused by whoever asks."""
    description = read_description(path)
    if description is None:
        raise UserError("It is no figure.")
    return description


MANIFEST = ROOT / "tests" / "archives" / "figures" / "manifest.csv"
REPORT = json.dumps({"format": page.FORMAT} | {n: {} for n in ("facts", "files", "digests", "versions", "commands")})
REPORT = f'<html><script type="application/json" id="facts">{REPORT}</script></html>'
CSV = "image,label,split,group\n" + "".join(f'p{n},"be,nign",train,g{n}\n' for n in range(5))
TAGS_CSV = "layer,filter,tag,detail,confidence\n0,1,hair,dark,0.5\n0,2,border,,\n"
WORDS = '[[tag]]\nword = "hair"\nkey = "h"\ndetails = ["dark"]\n'
DIAGNOSES = 'benign = ["nevus", "naevus"]\nmalignant = ["melanoma"]\nindeterminate = []\n'


def formats(folder: Path) -> dict[str, Format]:
    """Every format that the programs read, by name."""
    cohort = saved(lambda path: drawn_cohort(path, 10), folder, "whole.h5")
    own = saved(lambda path: save_small(path), folder, "own.safetensors")
    made = [
        Format("own.safetensors", own, network),
        Format("zip.pt", torch_bytes({"state_dict": weights(), "classes": ["a", "b"]}), network),
        Format("legacy.pt", torch_bytes(weights(), _use_new_zipfile_serialization=False), network),
        Format("state.pt", torch_bytes(vars(State(weights=weights()))), run_state),
        Format("net.onnx", saved(onnx_file, folder, "whole.onnx"), network),
        Format("tags.h5", saved(book, folder, "whole-tags.h5"), load_tags),
        Format("cohort.h5", cohort, open_cohort),
        Format("resealed.h5", cohort, open_cohort, resealed),
        Format("index.h5", saved(index_file, folder, "whole-index.h5"), index, sealed_anew),
        Format("labels.csv", CSV.encode(), labels),
        Format("tags.csv", TAGS_CSV.encode(), tags),
        Format("recipe.toml", write_settings(PRESETS["paper"]).encode(), recipe),
        Format("diagnoses.toml", DIAGNOSES.encode(), read_diagnoses),
        Format("taxonomy.toml", DIAGNOSES.replace("[]", '["x"]').encode(), read_taxonomy),
        Format("suggestions.toml", Path(resources.__file__).with_name("suggestions.toml").read_bytes(), read_table),
        Format("map.npz", lens_result(), result),
        Format("report.html", REPORT.encode(), read_report),
        Format("readers.csv", b"name,sensitivity,specificity\nA,0.8,0.7\nB,0.9,0.5\n", read_readers),
        Format("artifacts.csv", b"image,hair,ruler\na.png,1,0\nb.png,,1\n", read_corrections),
        Format("manifest.csv", MANIFEST.read_bytes(), lambda path: read_manifest(path.parent)),
        *(Format(f"figure.{kind}", figure(kind), described) for kind in FORMATS),
        Format("words.toml", WORDS.encode(), read_vocabulary),
        Format("p.jpg", picture_bytes("JPEG"), picture),
        Format("progressive.jpg", picture_bytes("JPEG", progressive=True), picture),
        Format("p.png", picture_bytes("PNG"), picture),
        Format("p.tif", picture_bytes("TIFF"), picture),
        Format("packed.tif", picture_bytes("TIFF", compression="tiff_lzw"), picture),
        Format("p.bmp", picture_bytes("BMP"), picture),
        Format("p.webp", picture_bytes("WEBP"), picture),
    ]
    return {each.name: each for each in made}


def recipe(path: Path) -> object:
    return PRESETS["paper"].with_settings(read_settings(path), path.name)


def mutant(content: bytes, chance: random.Random) -> bytes:
    """The content with a few bits, bytes or pieces changed, cut, moved or repeated."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        # What steers a parser stands at the front of most formats, and at the end of some.
        end = chance.choice([len(changed), min(len(changed), 600), 64])
        at = chance.randrange(max(min(end, len(changed)), 1))
        if chance.random() < 0.2:
            at = max(len(changed) - 1 - at, 0)
        length = chance.choice([1, 2, 4, 8, chance.randrange(1, 400)])
        how = chance.choice(["bit", "bit", "byte", "extreme", "cut", "drop", "repeat", "move", "digits", "brackets"])
        if how == "bit" and changed:
            changed[at] ^= 1 << chance.randrange(8)
        elif how == "byte" and changed:
            changed[at] = chance.randrange(256)
        elif how == "extreme":
            number = chance.choice([b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 8])
            changed[at : at + len(number)] = number
        elif how == "cut":
            del changed[at:]
        elif how == "drop":
            del changed[at : at + length]
        elif how == "repeat":
            changed[at:at] = bytes(changed[at : at + length]) * chance.choice([1, 2, 50])
        elif how == "move":
            piece = bytes(changed[at : at + length])
            to = chance.randrange(max(len(changed), 1))
            changed[to : to + length] = piece
        elif how == "digits":
            changed[at:at] = b"9" * chance.choice([5, 20, 5000])
        else:
            changed[at:at] = chance.choice([b"[", b"{", b"(", b'"', b"\n", b","]) * chance.choice([1, 3, 3000])
    return bytes(changed)


def problem_of(form: Format, path: Path) -> str:
    """ "opened", "refused", or what went wrong."""
    began = time.monotonic()
    signal.alarm(PATIENCE)
    try:
        form.open(path)
        found = "opened"
    except UserError as error:
        found = "refused" if "\n" not in str(error) and len(str(error)) < 20_000 else f"says {str(error)[:300]!r}"
    except BaseException as error:  # everything else is a fault
        found = f"raises {type(error).__name__}: {str(error)[:200]}"
    signal.alarm(0)
    took = time.monotonic() - began
    return found if took < PATIENCE / 2 else f"takes {took:.0f} s"


def late(*_: object) -> None:
    """What the alarm does."""
    raise TimeoutError("too long")


def tried(form: Format, folder: Path, numbers: range) -> dict[str, object]:
    """What became of the mutants of these numbers."""
    path = folder / form.name
    path.write_bytes(form.mend(form.content))
    first = problem_of(form, path)
    results = {"opened": 0, "refused": 0}
    problems = [] if first == "opened" else [{"number": -1, "problem": first}]
    for number in numbers:
        path.write_bytes(form.mend(mutant(form.content, random.Random(f"{form.name} {number}"))))
        found = problem_of(form, path)
        if found in results:
            results[found] += 1
        else:
            problems.append({"number": number, "problem": found})
    return {**results, "problems": problems}


def main(seed: int, folder: Path, wanted: list[str]) -> None:
    """Open mutants from number `seed` on; `wanted` are "FORMAT=COUNT"."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, late)
    known = formats(folder)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    found = {}
    for words in wanted:
        name, _, count = words.partition("=")
        found[name] = tried(known[name], folder, range(seed, seed + int(count)))
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
