"""Runs a command in a real X window on a virtual screen: `python -m tests.screen COMMAND ...`.

With `--install` it installs what that needs on Debian, where it may. Where there is no Xvfb (macOS, Windows, a bare
system without rights) the command runs on the desktop that is there, else offscreen, and this says so.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from explorer.display import missing_packages

TOOLS = {"Xvfb": "xvfb", "openbox": "openbox"}


def install() -> int:
    """Install Xvfb and a window manager with apt where this process may; never an error."""
    packages = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if packages and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], check=False)
    return 0


def run(command: list[str]) -> int:
    """Run the command with a display; its exit code."""
    environment = dict(os.environ)
    if not shutil.which("Xvfb") or missing_packages():
        has_desktop = not sys.platform.startswith("linux") or any(
            name in environment for name in ("DISPLAY", "WAYLAND_DISPLAY")
        )
        if not has_desktop:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        print(f"tests.screen: no Xvfb; running {'on this desktop' if has_desktop else 'offscreen'}", file=sys.stderr)
        return subprocess.run(command, env=environment, check=False).returncode
    number = next(number for number in range(90, 200) if not Path(f"/tmp/.X{number}-lock").exists())
    display = f":{number}"
    screen = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", "1600x1000x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            if Path(f"/tmp/.X11-unix/X{number}").exists():
                break
            time.sleep(0.05)
        environment |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        environment.pop("WAYLAND_DISPLAY", None)
        manager = None
        if shutil.which("openbox"):  # without a window manager no window gets the keyboard
            manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
        try:
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            if manager is not None:
                manager.terminate()
                manager.wait()
    finally:
        screen.terminate()
        screen.wait()


if __name__ == "__main__":
    sys.exit(install() if sys.argv[1:] == ["--install"] else run(sys.argv[1:]))
