"""Runs a command in a real X window on a virtual screen: `python -m tests.screen COMMAND ...`.

With `--install` it installs what that needs on Debian, where it may. Where there is no Xvfb (macOS, Windows, a bare
system without rights) the command runs on the desktop that is there, else offscreen, and this says so.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from explorer.display import missing_packages

TOOLS = {"Xvfb": "xvfb", "openbox": "openbox"}
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def install() -> int:
    """Install Xvfb and a window manager with apt where this process may; never an error."""
    packages = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if packages and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], check=False)
    return 0


def has_screens() -> bool:
    """Whether a process can have a screen of its own here."""
    return bool(shutil.which("Xvfb")) and not missing_packages()


@contextlib.contextmanager
def screen() -> Iterator[dict[str, str]]:
    """A virtual screen with a window manager; yields what the environment says of it."""
    number, told = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[told],
        **QUIET,
    )
    os.close(told)
    try:
        with open(number) as file:  # the server takes a number that nobody has, and says it when it is there
            environment = {"DISPLAY": f":{file.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        manager = None
        if shutil.which("openbox"):  # without a window manager no window gets the keyboard
            manager = subprocess.Popen(["openbox"], env=os.environ | environment, **QUIET)
        try:
            yield environment
        finally:
            if manager is not None:
                manager.terminate()
                manager.wait()
    finally:
        server.terminate()
        server.wait()


def run(command: list[str]) -> int:
    """Run the command with a display; its exit code."""
    environment = dict(os.environ)
    if has_screens():
        environment.pop("WAYLAND_DISPLAY", None)
        with screen() as own:
            return subprocess.run(command, env=environment | own, check=False).returncode
    has_desktop = not sys.platform.startswith("linux") or any(
        name in environment for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not has_desktop:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    print(f"tests.screen: no Xvfb; running {'on this desktop' if has_desktop else 'offscreen'}", file=sys.stderr)
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(install() if sys.argv[1:] == ["--install"] else run(sys.argv[1:]))
