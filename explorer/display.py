"""Whether a window can open here, and what to say where it cannot; imports no Qt.

`python -m explorer.display` checks the system libraries that Qt's window needs on Linux, installs them where it
may, and otherwise prints the one line to run.
"""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

from trainer.files.printing import say

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""The libraries that Qt's X11 window loads, and the Debian packages that hold them."""


def missing_packages() -> list[str]:
    """Debian packages of the libraries that cannot be loaded; always empty off Linux, where Qt brings its own."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for library, package in PACKAGES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def obstacle() -> str:
    """Why no window can open here, in one line; "" where one can."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform.partition(":")[0] in ("offscreen", "minimal", "vnc"):
        return ""
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        return (
            "there is no display to open a window on; the commands layers, export, occlude, lens, index, concepts, "
            "suggest, evaluate, alarm, mute, compare, what-if, report and tags need none: "
            "feature-explorer layers --help"
        )
    missing = [] if _plugin_loads() else missing_packages()
    return f"system libraries are missing; run: sudo apt-get install -y {' '.join(missing)}" if missing else ""


def _plugin_loads() -> bool:
    """Whether Qt's X11 plugin loads with all that it needs; Qt loads the same files a moment later."""
    spec = importlib.util.find_spec("PySide6")
    if not sys.platform.startswith("linux") or spec is None or not spec.submodule_search_locations:
        return False
    plugin = Path(spec.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    try:
        ctypes.CDLL(str(plugin))
    except OSError:  # also where Qt comes from the system and lies elsewhere
        return False
    return True


def main() -> int:
    """Install what is missing where this person may, or print the line that does; 0 where nothing is missing."""
    import shutil
    import subprocess

    missing = missing_packages()
    if not missing:
        return 0
    install = ["apt-get", "install", "-y", "-q", *missing]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(install, check=False)
        missing = missing_packages()
    if missing:
        say(f"Qt needs system libraries; run: sudo apt-get update && sudo {' '.join(install)}", error=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
