"""The walls of the house: which room may enter which, and how long a module may be."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LONGEST = 300


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


BLOCKED = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Wall())
"""


def test_the_wall_itself_holds() -> None:
    assert python(BLOCKED + "import PySide6").returncode != 0


def test_the_command_line_needs_no_qt() -> None:
    model = str(ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors")
    code = BLOCKED + "from explorer.cli import main; sys.exit(main(sys.argv[1:]))"
    done = python(code, "layers", "--model", model, "--json")
    assert done.returncode == 0, done.stderr
    assert '"layers"' in done.stdout


def loaded_by(modules: str) -> set[str]:
    done = python(f"import sys\n{modules}\nprint('\\n'.join(sys.modules))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_state_knows_no_widgets() -> None:
    files = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "explorer" / "state").rglob("[a-z]*.py"))
    state = "\n".join(f"import {'.'.join(file.parts)}" for file in files)
    assert "explorer.state.workspace" in loaded_by(state)
    assert not {"PySide6.QtWidgets", "pyqtgraph"} & loaded_by(state)


def test_packages_that_workers_read_do_not_read_their_modules_by_themselves() -> None:
    # Two threads, one that reads a package and one that reads a module of it, would wait for each other: Python then
    # gives one of them a module that is half there.
    packages = ["alarm", "attribution", "concepts", "index", "muting", "report", "suggestions", "what_if"]
    loaded = loaded_by("\n".join(f"import explorer.core.{name}" for name in packages))
    own = {name for name in loaded if re.fullmatch(rf"explorer\.core\.({'|'.join(packages)})\.\w+", name)}
    assert own == set()
    names = loaded_by(
        "\n".join(
            f"from explorer.core.{name} import *\nfrom explorer.core import {name}\n"
            f"assert all(hasattr({name}, one) for one in {name}.__all__)"
            for name in packages
        )
    )
    assert "explorer.core.index.build" in names


def test_the_window_comes_up_before_torch() -> None:
    late = {"torch", "matplotlib", "sklearn", "pyqtgraph", "skimage", "numpy", "h5py", "PIL", "subprocess"}
    loaded = loaded_by("from explorer import app, cli; import explorer.ui.window.assembly; cli.parser(commands=False)")
    assert "explorer.state.workspace" in loaded
    assert not late & loaded
    assert not {name for name in loaded if name.startswith("explorer.commands")}
    # Built when something is opened: an empty window does not wait for what nobody sees yet.
    assert not {name for name in loaded if name.startswith("explorer.ui.dialogs")}
    assert not {"explorer.ui.window.browser", "explorer.ui.panels.viewer", "explorer.core.class_words"} & loaded


def test_help_is_quick() -> None:
    late = {"torch", "PySide6", "matplotlib", "numpy", "h5py", "PIL"}
    assert not late & loaded_by("from explorer.cli import parser; parser()")


@pytest.mark.parametrize("package", ["explorer", "trainer"])
def test_modules_read_in_one_sitting(package: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / package).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the project with what it says: what git tracks, or all but what it would ignore."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = [ROOT / name for name in found.stdout.split("\0") if name]
    rooms = [ROOT / name for name in ("docs", "explorer", "resources", "tests", "trainer")]
    everything = [path for room in rooms for path in room.rglob("*")] + [*ROOT.glob("*.*"), ROOT / "Makefile"]
    for path in tracked or everything:
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            if b"\0" not in content:
                yield path.relative_to(ROOT), content.decode("utf-8")


def test_nothing_names_this_machine() -> None:
    names = [str(Path.home()) + "/", *(f"/{folder}/" for folder in ("work", "Users"))]
    seen = dict(texts())
    assert len(seen) > 200
    assert {Path("Makefile"), Path("pyproject.toml"), Path("tests/screen.py")} <= set(seen)
    assert {(str(path), name) for path, text in seen.items() for name in names if name in text} == set()


@pytest.mark.parametrize("word", ["heat map", "neuron", "ablat"])
def test_one_thing_has_one_word(word: str) -> None:
    """A map is a map, a filter is a filter, and what is muted is muted."""
    pattern = re.compile(word.replace(" ", "[ -]?"), re.IGNORECASE)
    own = {"explorer", "trainer", "resources", "docs", "README.md"}
    assert [str(path) for path, text in texts() if path.parts[0] in own and pattern.search(text)] == []


def imported(package: str) -> dict[str, str]:
    """Modules of others that a package imports anywhere in its code, each with a file that does."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found |= {name.partition(".")[0]: str(path.relative_to(ROOT)) for name in names}
    own = {"explorer", "trainer", "resources", "tests", "__future__"}
    return {name: path for name, path in found.items() if name not in own | sys.stdlib_module_names}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!;\[ ]", name)[0]).lower()


@pytest.mark.parametrize("package", ["explorer", "trainer", "resources", "tests"])
def test_what_is_imported_is_declared(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    groups = [project["dependencies"], *(extras[name] for name in extras if name != "test" or package == "tests")]
    declared = {plain(line) for group in groups for line in group}
    distributions = importlib.metadata.packages_distributions()
    assert {
        name: path
        for name, path in imported(package).items()
        if not declared & {plain(holder) for holder in distributions.get(name, [name])}
    } == {}


ENTERED = {"concepts", "networks", "pictures", "files", "measures", "synthetic", "devices", "console"}
"""The packages of the trainer that the explorer may enter: what both programs read and find with."""


def entered(code: str) -> set[str]:
    """The packages and modules of the trainer that a module's code imports from."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"trainer.{alias.name}" for alias in node.names]
            names = inside if node.module == "trainer" else [node.module]
        found |= {name.split(".")[1] if "." in name else "" for name in names if name.split(".")[0] == "trainer"}
    return found


def test_the_explorer_enters_what_it_may() -> None:
    modules = sorted((ROOT / "explorer").rglob("*.py"))
    assert {str(path): rooms for path in modules if (rooms := entered(path.read_text("utf-8")) - ENTERED)} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import trainer",
        "import trainer.training.train",
        "from trainer import cohort",
        "from trainer.report import write",
    ],
)
def test_the_fence_of_the_trainer_sees(code: str) -> None:
    assert entered(code) - ENTERED
