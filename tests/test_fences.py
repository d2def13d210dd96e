"""The walls of the house: which room may enter which, and how long a module may be."""

import subprocess
import sys
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
    state = "\n".join(f"import explorer.state.{path.stem}" for path in (ROOT / "explorer" / "state").glob("[a-z]*.py"))
    assert "explorer.state.desk" in loaded_by(state)
    assert not {"PySide6.QtWidgets", "pyqtgraph"} & loaded_by(state)


def test_the_window_comes_up_before_torch() -> None:
    late = {"torch", "matplotlib", "sklearn", "pyqtgraph", "skimage", "numpy", "h5py", "PIL"}
    loaded = loaded_by("from explorer import app, cli; import explorer.ui.furniture; cli.parser(commands=False)")
    assert "explorer.state.desk" in loaded
    assert not late & loaded
    assert not {name for name in loaded if name.startswith("explorer.commands")}


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


def test_nothing_names_this_machine() -> None:
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("explorer/**/*.py"),
        *ROOT.glob("trainer/*.py"),
    ]:
        text = path.read_text("utf-8")
        assert "/work/" not in text, path
        assert str(Path.home()) + "/" not in text, path
