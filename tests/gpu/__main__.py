"""`python -m tests.gpu --device cuda`: runs every check in a process of its own.

Ends with 0 where everything is right, 1 where something is wrong, 2 where the time was up before everything was begun.

A process each, because an error on a GPU may spoil everything that its process does later, and because one that hangs
must not take the others with it. The most telling checks come first. `make gpu` calls this.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.gpu.table import Row, line, write

CHECKS = ("speed", "occlusion", "pictures", "resume", "memory", "record", "agreement", "evidence")
"""The most telling first; each is a module `check_NAME` with `run(proof)`."""


def main() -> int:
    """All checks, or one."""
    arguments = parser().parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    chosen = arguments.only or list(CHECKS)
    if arguments.inside:
        return inside(arguments, chosen[0])
    end = time.monotonic() + arguments.limit
    found: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    wrong = False
    for name in chosen:
        left = end - time.monotonic()
        if left < 5:
            rows.append(asdict(_ended(name, "not begun: the time is up", None)))
            continue
        file = arguments.out / f"{name}.json"
        file.unlink(missing_ok=True)
        begun = time.monotonic()
        code = _in_a_process(arguments, name, left)
        content = json.loads(file.read_text("utf-8")) if file.exists() else {"rows": []}
        found |= {key: value for key, value in content.items() if key != "rows"}
        rows += content["rows"]
        if code not in (0, 1):
            rows.append(asdict(_ended(name, f"the check ended with code {code}", False)))
        elif not content["rows"]:
            rows.append(asdict(_ended(name, "the check left nothing", False)))
        rows.append(asdict(Row(name, "seconds of this check", round(time.monotonic() - begun, 1), "s")))
        wrong = wrong or code != 0 or any(row["holds"] is False for row in rows)
        write(arguments.out / "proof.json", {**found, "whole": False, "wrong": wrong, "rows": rows})
    whole = not any("not begun" in row["what"] for row in rows)
    write(arguments.out / "proof.json", {**found, "whole": whole, "wrong": wrong, "rows": rows})
    failed = [row for row in rows if row["holds"] is False]
    print(f"\n{len(rows)} lines, {len(failed)} wrong; {arguments.out / 'proof.json'}")
    for row in failed:
        print(line(Row(**row)))
    if not whole:
        print("Not everything was begun: the time was up (--limit).")
    return 1 if wrong or failed else 0 if whole else 2


def _in_a_process(arguments: argparse.Namespace, name: str, left: float) -> int:
    words = [sys.executable, "-m", "tests.gpu", "--inside", "--only", name, "--device", arguments.device]
    words += ["--out", str(arguments.out), "--limit", str(left)]
    words += ["--small"] if arguments.small else []
    words += ["--judge-speed"] if arguments.judge_speed else []
    words += ["--pictures", str(arguments.pictures)] if arguments.pictures else []
    try:
        # It stops by itself when the time is up; what it is in the middle of gets a little longer.
        return subprocess.run(words, check=False, timeout=left + 30).returncode
    except subprocess.TimeoutExpired:
        return 124


def _ended(name: str, what: str, holds: bool | None) -> Row:
    row = Row(name, what, "", "", "", holds)
    print(line(row), flush=True)
    return row


def inside(arguments: argparse.Namespace, name: str) -> int:
    """One check, in this process."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic products need it from the start
    import torch

    from tests.gpu.proof import Proof, about
    from trainer.devices.arithmetic import set_rounding
    from trainer.devices.names import find_device

    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")
    device = find_device(arguments.device)
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)
        set_rounding("ieee")
    judges = arguments.judge_speed or (device.type == "cuda" and not arguments.small)
    end = time.monotonic() + arguments.limit
    proof = Proof(name, device, arguments.small, arguments.out, arguments.pictures, end, judges)
    facts = about(device)
    print(f"# {name}: {facts['device']}, torch {facts['torch']}", flush=True)
    try:
        importlib.import_module(f"tests.gpu.check_{name}").run(proof)
    except Exception as error:
        traceback.print_exc()
        first = str(error).partition("\n")[0][:80]
        proof.require(f"ended with {type(error).__name__}: {first}", False)
    return 1 if any(row.holds is False for row in proof.rows) else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    top.add_argument("--device", default="cuda", help="cuda (default), cuda:1, or cpu to try the script itself")
    top.add_argument("--small", action="store_true", help="everything small; bounds on speed are not judged")
    top.add_argument("--only", nargs="+", choices=CHECKS, metavar="CHECK", help=f"some of {', '.join(CHECKS)}")
    top.add_argument("--pictures", type=Path, metavar="FILE", help="real pictures, as tests.gpu.pack packs them")
    top.add_argument("--out", type=Path, default=Path("local/gpu"), metavar="DIR", help="where the JSON goes")
    top.add_argument("--limit", type=float, default=460, metavar="SECONDS", help="begin nothing more after this (460)")
    top.add_argument("--judge-speed", action="store_true", help="judge bounds on speed wherever this runs")
    top.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return top


if __name__ == "__main__":
    sys.exit(main())
