"""Files are opened for writing in one place, where no link of a stranger leads astray."""

import pytest

from tests.conftest import ROOT
from tests.fences.writing import writes

WRITERS = ("trainer/files/atomic_files.py", "trainer/files/own_files.py", "trainer/files/file_locks.py")
ALLOWED: dict[str, tuple[str, ...]] = {
    "trainer/console/error_boundary.py": ("os.open(os.devnull",),  # for what nobody reads
    "explorer/core/figures/size.py": ("tempfile.TemporaryDirectory(",),  # for figures that are only measured
    "explorer/commands/report.py": ("tempfile.TemporaryDirectory(",),  # for an index that only the check reads
    # The person's own folder, and the settings that Qt writes itself.
    "explorer/app.py": ("home.mkdir(",),
    "explorer/state/settings_file.py": ("QSettings(", "self.folder.mkdir("),
    "explorer/core/index/own_key.py": ("path.chmod(384)",),
    "explorer/core/index/kept_indexes.py": ("path.unlink()", "shutil.rmtree(path)"),  # asked for by name
    "explorer/core/index/kept_words.py": ("path.unlink()",),  # below the person's own folder
    "explorer/core/tags/lock.py": ("self.path.unlink()",),  # held by us
    "trainer/cohort/hdf5_file.py": ("h5py.File(",),  # into an outline in memory
    # A file beside the cohort that a person named, opened as our own before.
    "trainer/cohort/parallel_decoding.py": ("file.unlink()",),
    "trainer/cohort/prepare.py": ("journal_of(path).unlink()",),
    "trainer/training/train.py": ("self.folder.save(state)",),  # the run's folder
    "trainer/training/run_folder.py": ("(self.path / STATE_FILE).unlink(",),
    # Within a folder of `new_folder`.
    "explorer/core/concepts/export.py": ("(folder / name).mkdir()",),
    "trainer/synthetic/picture.py": ("(folder / part).mkdir(parents=True)",),
}
"""What looks like writing and is none, or is the one thing of its kind."""


@pytest.mark.parametrize("package", ["explorer", "trainer"])
def test_files_are_written_in_one_place(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in WRITERS:
            allowed = ALLOWED.get(name, ())
            calls = writes(path.read_text("utf-8"))
            found += [f"{name}:{call}" for call in calls if not call.partition(": ")[2].startswith(allowed or "\0")]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'open(path, "w")',
        'open(path, mode="ab")',
        'open(path, "r+b")',
        "open(path, mode)",
        'io.open(path, "w")',
        'path.open("w", encoding="utf-8")',
        'path.open("x")',
        "path.open(mode)",
        'Path(name).write_text("")',
        'path.write_bytes(b"")',
        "path.touch()",
        "path.symlink_to(other)",
        "path.rename(other)",
        "path.replace(other)",
        "import os\nos.open(path, os.O_WRONLY | os.O_CREAT)",
        "import os\nos.open(path, os.O_RDWR)",
        "import os\nos.open(path, flags)",
        "from os import open as opened, O_RDWR\nopened(path, O_RDWR)",
        "import os\nos.truncate(path, 0)",
        "import os\nos.symlink(a, b)",
        "import os\nos.link(a, b)",
        "import os\nos.mkfifo(path)",
        "import os\nos.replace(a, b)",
        'import os\nos.fdopen(handle, "w")',
        'import h5py\nh5py.File(path, "w")',
        'import h5py\nh5py.File(path, mode="a")',
        'import h5py as h\nh.File(path, "r+")',
        'from h5py import File\nFile(path, "w")',
        'import h5py\nh5py.File(path, "w", driver="core")',
        "import numpy as np\nnp.save(path, values)",
        "import numpy as np\nnp.savez_compressed(path, a=1)",
        'import numpy as np\nnp.memmap(path, mode="w+")',
        "values.tofile(path)",
        "picture.save(path)",
        'Image.fromarray(values).save(folder / "a.png", quality=90)',
        'figure.savefig("a.pdf")',
        "def f(content):\n    figure.savefig(content)",
        "from matplotlib.backends.backend_pdf import PdfPages\nPdfPages(path)",
        "canvas.print_svg(path)",
        "import shutil\nshutil.copy(a, b)",
        "import shutil\nshutil.copyfile(a, b)",
        "from shutil import copytree\ncopytree(a, b)",
        "import shutil\nshutil.move(a, b)",
        "import tempfile\ntempfile.mkstemp()",
        "import tempfile\ntempfile.NamedTemporaryFile()",
        "from tempfile import TemporaryDirectory\nTemporaryDirectory(dir=folder)",
        "from logging.handlers import RotatingFileHandler\nRotatingFileHandler(path)",
        "import logging\nlogging.FileHandler(path)",
        "import logging\nlogging.basicConfig(filename=path)",
        "from safetensors.torch import save_file\nsave_file(tensors, path)",
        "import torch\ntorch.save(values, path)",
        "import torch\ncontent = open(path)\ntorch.save(values, content)",
        "import json\njson.dump(values, file)",
        "import pickle\npickle.dump(values, file)",
        "import csv\ncsv.writer(file)",
        "import csv\ncsv.DictWriter(file, titles)",
        'import zipfile\nzipfile.ZipFile(path, "w")',
        "folder.mkdir()",
        "Path(name).mkdir(parents=True, exist_ok=True)",
        "import os\nos.mkdir(folder)",
        "import os\nos.makedirs(folder, exist_ok=True)",
        "path.unlink(missing_ok=True)",
        "import os\nos.remove(path)",
        "from os import remove\nremove(path)",
        "import os\nos.unlink(path)",
        "folder.rmdir()",
        "import shutil\nshutil.rmtree(folder)",
        "path.chmod(0o600)",
        "import os\nos.chmod(path, 0o600)",
        "archive.extractall(folder)",
        "import torch\ntorch.onnx.export(module, pictures, path)",
        "QSaveFile(path)",
        "image.save(path)",
    ],
)
def test_the_fence_around_writing_sees_every_kind(code: str) -> None:
    assert writes(code) != []


def test_the_fence_around_writing_lets_reading_and_memory_through() -> None:
    code = """
import csv, dataclasses, io, json, os, sys
import h5py, numpy as np, torch
from matplotlib.backends.backend_pdf import PdfPages
from PIL import Image
from safetensors.torch import save
open(path); open(path, "rb"); path.open("rb"); path.open(newline="", encoding="utf-8")
Image.open(path, formats=["PNG"])
os.open(path, os.O_RDONLY); os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
h5py.File(path); h5py.File(path, "r", locking=False); h5py.File(name, "w", driver="core", backing_store=False)
text.replace("a", "b"); dataclasses.replace(plan, out=out); values.copy(); painter.save()
csv.reader(file); widget.move(1, 2)
json.dump(answer, sys.stdout); save(weights)
names.remove(name); os.listdir(folder); plan.export(out)
def f():
    content = io.BytesIO()
    torch.onnx.export(module, pictures, content)
    torch.save(values, content); np.savez(content, a=1); Image.fromarray(rgb).save(content, "PNG")
    with PdfPages(content) as document:
        document.savefig(page)
"""
    assert writes(code) == []
