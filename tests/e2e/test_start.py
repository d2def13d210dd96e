"""The start of the program, before a network is read: what would hold the window up later is out of the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BEGINNING = """
import json, linecache, os, sys
from pathlib import Path
from explorer import app, cli
from explorer.state.opening import Opening
def start(opening, wanted):
    maps = Path("/proc/self/maps").read_text()
    read = [name for name in ("libqsvg.so", "libqsvgicon.so", "libtorch") if name in maps]
    sources = [name for name in linecache.cache if "panels" in name]
    print(json.dumps([read, sources]), flush=True)
    os._exit(0)
Opening.start = start
app.data_home = lambda: Path(sys.argv[1])
cli.main([])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_nothing_is_left_that_waits_for_torch(tmp_path: Path) -> None:
    """Qt's libraries for pictures are read before torch's, and no module's source was read to be imported."""
    words = [sys.executable, "-c", BEGINNING, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, env=dict(os.environ))
    read, sources = json.loads(done.stdout)
    assert read == ["libqsvg.so", "libqsvgicon.so"], done.stderr
    assert sources == []
