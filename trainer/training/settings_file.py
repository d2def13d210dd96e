"""Settings as a TOML file, one table a group."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer.files.toml_file import read_toml
from trainer.training.recipe import Recipe, groups


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, by name, whatever tables they stand in; UserError where it is not one."""
    values = read_toml(path, "give a file such as a run's settings.toml")
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= value if isinstance(value, dict) and name in groups() else {name: value}
    return flat


def write_settings(recipe: Recipe) -> str:
    """The recipe as TOML, one table a group."""
    lines = []
    for group, values in asdict(recipe).items():
        lines.append(f"[{group}]")
        lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)  # whole numbers, true and false, and texts are written alike in both
