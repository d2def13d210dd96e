"""What the program remembers from one session to the next."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from explorer.core.drawing.styles import COLOR_MAPS, SCALES
from explorer.state.session import Look

RECENT = 8


class Settings:
    """Window state, recent files, the last session, the annotator's name and the consent to run code.

    Kept in an INI file at `path`; a damaged or foreign value counts as not there.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def text(self, name: str, default: str = "") -> str:
        """A remembered text."""
        value = self._store.value(name, default)
        return value if isinstance(value, str) else default

    def set_text(self, name: str, value: str) -> None:
        """Remember a text."""
        self._store.setValue(name, value)

    def blob(self, name: str) -> QByteArray:
        """Remembered bytes, such as a window's geometry; empty where there are none."""
        value = self._store.value(name)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_blob(self, name: str, value: QByteArray) -> None:
        """Remember bytes."""
        self._store.setValue(name, value)

    def recent(self, kind: str) -> list[Path]:
        """Recently opened things of a kind ("models", "folders", "tags") that are still there, newest first."""
        return [Path(line) for line in self.text(f"recent/{kind}").split("\n") if line and Path(line).exists()]

    def remember(self, kind: str, path: Path) -> None:
        """Put a path at the top of the recent ones of its kind."""
        others = [known for known in self.recent(kind) if known != path.absolute()]
        self.set_text(f"recent/{kind}", "\n".join(map(str, [path.absolute(), *others][:RECENT])))

    def answers(self) -> dict[str, Any]:
        """What a person said of the last network that its file did not say, or said otherwise."""
        try:
            found = json.loads(self.text("last/answers", "{}"))
            classes, input = found.get("classes"), found.get("input")
        except (ValueError, AttributeError, RecursionError):
            return {}
        named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        texts = {key: found.get(key) if isinstance(found.get(key), str) else None for key in ("outputs", "key")}
        return {"classes": classes if named else None, "input": input if isinstance(input, dict) else None, **texts}

    def set_answers(self, classes: Sequence[str] | None, input: Any, outputs: str | None, key: str | None) -> None:
        """Remember them: a network that is opened without them is another."""
        spoken = {
            "classes": classes and list(classes),
            "input": input if input is None or isinstance(input, dict) else asdict(input),
            "outputs": outputs,
            "key": key,
        }
        self.set_text("last/answers", json.dumps(spoken))

    def look(self) -> Look:
        """The remembered look."""
        found: dict[str, Any] = {}
        for part in fields(Look):
            default = getattr(Look(), part.name)
            text = self.text(f"look/{part.name}", str(default))
            try:
                found[part.name] = text == "True" if isinstance(default, bool) else type(default)(text)
            except ValueError:
                found[part.name] = default
        look = Look(**found)
        fine = look.scale in SCALES and look.color_map in COLOR_MAPS and 0 <= look.opacity <= 1
        return look if fine and 0 <= look.foot <= look.peak < math.inf else Look()

    def set_look(self, look: Look) -> None:
        """Remember the look."""
        for name, value in asdict(look).items():
            self.set_text(f"look/{name}", str(value))

    def save(self) -> None:
        """Write everything to disk now."""
        self._store.sync()
