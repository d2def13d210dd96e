"""Speaks as `feature-explorer index --kept --progress json` does, and computes nothing.

What it says stands in `steps.json` in the folder of `--data`; `heard.txt` there takes what it was told.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

home = next(Path(word.partition("=")[2]) for word in sys.argv if word.startswith("--data="))
going = threading.Event()
going.set()


def hear(*words: str) -> None:
    with (home / "heard.txt").open("a") as heard:
        heard.write(" ".join(words) + "\n")


def listen() -> None:
    for line in sys.stdin:
        word = line.strip()
        hear(word)
        (going.clear if word == "pause" else going.set)()
    hear("closed")
    os._exit(0)


hear("begun", f"nice {os.nice(0)}", *sys.argv[1:])
threading.Thread(target=listen, daemon=True).start()
for step in json.loads((home / "steps.json").read_text()):
    going.wait()
    if "fail" in step:
        print(f"feature-explorer: {step['fail']}", file=sys.stderr)
        sys.exit(1)
    time.sleep(step.get("seconds", 0))
    going.wait()
    print(json.dumps(step), flush=True)
hear("done")
