"""The folder that a run leaves: settings, log, the state to go on from, and the chosen network."""

import errno
import io
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer.files.atomic_files import cannot_write, replace_file, subfolder, sweep_folder
from trainer.files.errors import UserError
from trainer.files.own_files import append_lines, refusal
from trainer.files.written_tables import write_rows
from trainer.networks import checkpoint as checkpoints
from trainer.networks.checkpoint import Checkpoint
from trainer.networks.file_kinds import RUN_FILE
from trainer.networks.torch_file import read_pickle
from trainer.training.recipe import SETTINGS, Recipe, converted
from trainer.training.settings_file import read_settings, write_settings

SETTINGS_FILE, NETWORK_FILE, STATE_FILE, LOG_FILE = "settings.toml", RUN_FILE, "resume.pt", "log.jsonl"
CARD_FILE, HISTORY_FILE = "MODEL_CARD.md", "log.csv"
KEPT_FILE = "epoch{:03}.safetensors"
"""A network that is kept beside the chosen one; 0 = before the first epoch."""
HOW_TO_GO_ON = "run the same command again to go on"


@dataclass
class State:
    """Where a run stands after `epoch` epochs: plain values and tensors, everything that the next one needs.

    `weights`, `average` (empty without one) and `best_weights` are state dicts; `best_epoch` 0 = none yet.
    """

    epoch: int = 0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    average: dict[str, torch.Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    best_epoch: int = 0
    best_auc: float = -1.0
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


class RunFolder:
    """A run's folder; only one process writes into it."""

    def __init__(self, path: Path, recipe: Recipe, digest: str, *, write: bool = True) -> None:
        """Open or create the folder for these settings and the cohort of this digest.

        Without `write` nothing is ever written. UserError where it holds a run of other settings or pictures, or a
        finished one; nothing is changed then.
        """
        self.path, self._recipe, self._digest, self._write = path, recipe, digest, write
        if path.exists() and not path.is_dir():
            raise UserError(f"{path} is a file; give a folder to --out.")
        self._refuse_another_run()
        if not write:
            return
        try:
            subfolder(path)
            sweep_folder(path)
            text = f'{write_settings(recipe)}[cohort]\ndigest = "{digest}"\n'
            replace_file(path / SETTINGS_FILE, text.encode(), follow=False)
        except OSError as error:
            raise cannot_write(path / SETTINGS_FILE, error) from error

    def _refuse_another_run(self) -> None:
        existing = [name for name in (STATE_FILE, NETWORK_FILE) if (self.path / name).exists()]
        if not existing or not (self.path / SETTINGS_FILE).exists():
            return
        differences = differing(self.path, self._recipe, self._digest)
        if differences:
            raise UserError(
                f"{self.path} holds a run with {', '.join(differences)}; choose another --out, or give the same "
                "settings."
            )
        if STATE_FILE not in existing:
            raise UserError(f"{self.path} holds a finished run of these settings; choose another --out.")

    def load(self) -> State | None:
        """The state that an interrupted run left; None where there is none. UserError where it cannot be read."""
        path = self.path / STATE_FILE
        if not path.exists():
            return None
        try:
            content = read_pickle(path)
            if not isinstance(content, dict) or content.keys() != vars(State()).keys():
                raise ValueError("it holds something else")
            for name, value in vars(State()).items():
                if not isinstance(content[name], int | float if isinstance(value, float) else type(value)):
                    raise ValueError(f"its {name} is of another kind")
            return State(**content)
        except (UserError, OSError, ValueError) as error:
            reason = str(error).partition("(")[2].partition(")")[0] if isinstance(error, UserError) else str(error)
            raise UserError(f"{path} is damaged ({reason[:80]}); delete it to begin this run anew.") from error

    def save(self, state: State) -> None:
        """Replace the state, whole or not at all; UserError where it cannot be written."""
        content = io.BytesIO()
        torch.save(vars(state), content)
        self.write(STATE_FILE, content.getvalue())

    def save_network(self, checkpoint: Checkpoint, name: str = NETWORK_FILE) -> None:
        """Replace the network, or one that is kept under another name, whole or not at all."""
        if not self._write:
            return
        try:
            checkpoints.save(self.path / name, checkpoint, follow=False)
        except UserError as error:
            raise UserError(f"{error} Then {HOW_TO_GO_ON}.") from error

    def write_history(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Replace log.csv: a row for each epoch, a column for each of its numbers."""
        names = [name for name, value in history[0].items() if not isinstance(value, dict)]
        rows = (["" if row[name] is None else row[name] for name in names] for row in history)
        self.write(HISTORY_FILE, write_rows([names, *rows]))

    def finish(self) -> None:
        """The run is done and needs no state any more."""
        (self.path / STATE_FILE).unlink(missing_ok=True)

    def log(self, event: str, **values: Any) -> None:
        """Add one line of JSON to the log."""
        if not self._write:
            return
        line = {"event": event, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **values}
        path = self.path / LOG_FILE
        try:
            append_lines(path, json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, name: str, content: bytes) -> None:
        """Replace one of the folder's files, whole or not at all; UserError where it cannot be written."""
        try:
            replace_file(self.path / name, content, follow=False)
        except OSError as error:
            raise UserError(f"{cannot_write(self.path / name, error)} Then {HOW_TO_GO_ON}.") from error


def run_folders(out: Path, names: Iterable[str]) -> list[Path]:
    """Where runs of these names lie below `out`; UserError where one of them is a link, which might lead anywhere."""
    folders = [out / name for name in names]
    for folder in folders:
        if folder.is_symlink():
            raise cannot_write(folder, refusal(errno.ELOOP, folder))
    return folders


def differing(path: Path, recipe: Recipe, digest: str) -> list[str]:
    """In what the settings of the run in a folder differ from these settings and this cohort."""
    values = read_settings(path / SETTINGS_FILE)
    their_cohort = values.pop("cohort", {})
    settings = recipe.flat()
    # What an earlier version did not know yet, it left as it is without being asked for.
    values = {**Recipe().flat(), **values}
    changed = [name for name in settings if _plain(name, values[name]) != settings[name]]
    differences = [f"{name} {values[name]} (now {settings[name]})" for name in changed]
    if not isinstance(their_cohort, dict) or their_cohort.get("digest") != digest:
        differences.insert(0, "other pictures, classes or parts")
    return differences


def is_finished(path: Path, recipe: Recipe, digest: str) -> bool:
    """Whether a folder holds a finished run of these very settings and this cohort."""
    complete = all((path / name).exists() for name in (SETTINGS_FILE, NETWORK_FILE))
    return complete and not (path / STATE_FILE).exists() and not differing(path, recipe, digest)


def _plain(name: str, value: Any) -> Any:
    """A setting as it was read from TOML, as the recipe holds it; unchanged where it is no longer valid."""
    try:
        return converted(SETTINGS[name][1], value, name)
    except UserError:
        return value
