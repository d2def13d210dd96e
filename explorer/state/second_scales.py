"""The second network's scales over the folder, from the index that may be kept of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.library import Library
from explorer.state.second_network import SecondNetwork
from explorer.state.settings_file import Settings

if TYPE_CHECKING:
    from explorer.core.drawing.styles import Scale
    from explorer.core.network.opening import Network

SLOT = "scales of B"


class SecondScales(QObject):
    """Looks once for an index of network B over the open folder; the window makes none. `changed` when it was found."""

    changed = Signal()

    def __init__(
        self, library: Library, second: SecondNetwork, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library, self._second, self._settings = library, second, settings
        self._scales: Mapping[FilterKey, Scale] = {}
        self._looked_for: tuple[str, str] | None = None
        second.changed.connect(self._anew)
        library.folder_opened.connect(lambda folder: self._anew())

    def of(self, key: FilterKey) -> "Scale | None":
        """A filter's scale over the folder; None where no index of B says it. It is looked for now."""
        network, folder = self._second.network, self._library.folder
        if network is not None and folder is not None and self._looked_for != (network.identity, str(folder.path)):
            self._looked_for = network.identity, str(folder.path)
            self._look()
        return self._scales.get(key)

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _anew(self) -> None:
        self._scales, self._looked_for = {}, None

    def _look(self) -> None:
        asked, folder, data = self._looked_for, self._library.folder, self._settings.folder
        assert folder is not None
        path = folder.path

        def work(network: "Network", on_step: OnStep) -> "Mapping[FilterKey, Scale]":
            on_step(0, 0)
            from explorer.core.comparison.filter_match import scales_of

            return scales_of(network, path, data)

        def done(found: "Mapping[FilterKey, Scale]") -> None:
            if asked == self._looked_for:
                self._scales = found
                self.changed.emit()

        self._second.session.run(self._second.session.matching, SLOT, work, done, lambda error: None)
