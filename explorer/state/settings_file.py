"""What the program remembers from one session to the next."""

import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from explorer.core.attribution.color_range import OFFERED, OWN
from explorer.core.drawing.styles import COLOR_MAPS, SCALES
from explorer.state.session import DisplayStyle
from explorer.state.settings import Setting, T

RECENT = 8
CONSENT = "consent to/"


class Settings(QObject):
    """Window state, recent files, the last session, what a person set, and the consent to run code.

    Kept in an INI file at `path`; a damaged or foreign value counts as not there.
    """

    setting_changed = Signal(object)

    def __init__(self, path: Path) -> None:
        super().__init__()
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

    def remove(self, name: str) -> None:
        """Forget a text."""
        self._store.remove(name)

    def value(self, setting: Setting[T]) -> T:
        """What a person set, or the default."""
        return setting.of_text(self.text(setting.name, str(setting.default)))

    def set_value(self, setting: Setting[T], value: T) -> None:
        """Remember what a person set; `setting_changed(setting)` where it is another value than before."""
        if value != self.value(setting):
            self.set_text(setting.name, str(value))
            self.setting_changed.emit(setting)

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
        self.look()
        others = [earlier for earlier in self.recent(kind) if earlier != path.absolute()]
        self.set_text(f"recent/{kind}", "\n".join(map(str, [path.absolute(), *others][:RECENT])))

    def style(self) -> DisplayStyle:
        """The remembered style."""
        values: dict[str, Any] = {}
        for part in fields(DisplayStyle):
            default = getattr(DisplayStyle(), part.name)
            text = self.text(f"look/{part.name}", str(default))
            try:
                values[part.name] = text == "True" if isinstance(default, bool) else type(default)(text)
            except ValueError:
                values[part.name] = default
        if values["scale"] == "seen" and not self.text("look/chosen"):
            values["scale"] = "folder"  # nobody chose it: it was what there was
        style = DisplayStyle(**values)
        fine = (
            style.scale in SCALES
            and style.color_map in COLOR_MAPS
            and 0 <= style.opacity <= 1
            and style.points in (OWN, *OFFERED)
        )
        return style if fine and 0 <= style.foot <= style.peak < math.inf else DisplayStyle()

    def set_style(self, style: DisplayStyle) -> None:
        """Remember the style."""
        for name, value in asdict(style).items():
            self.set_text(f"look/{name}", str(value))
        self.set_text("look/chosen", "True")

    def save(self) -> None:
        """Write everything to disk now."""
        self._store.sync()

    def look(self) -> None:
        """Know what other windows have written since, where nothing else was set here."""
        self._store.sync()

    @property
    def consents(self) -> frozenset[str]:
        """The digests of the files of code that may run."""
        self.look()
        given = (name.removeprefix(CONSENT) for name in self._store.allKeys() if name.startswith(CONSENT))
        return frozenset(given) | frozenset(self.text("consent").split())  # as it was kept before

    def consent(self, digest: str) -> None:
        """Let a file of code run from now on, by its digest."""
        self.set_text(f"{CONSENT}{digest}", "yes")
        self.save()
