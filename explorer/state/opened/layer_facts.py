"""What a layer is, in plain words: the kind of its convolution, and how much of the picture one value of it sees."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.progress import OnStep
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

SLOT = "layer facts"


@dataclass(frozen=True)
class LayerWords:
    """`short` for beside the layer's name, `long` for who rests the mouse there; both "" while nothing is known."""

    short: str = ""
    long: str = ""


class LayerFacts(QObject):
    """Finds them for the open network on the batch worker, once; `changed` when they are there."""

    changed = Signal()

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._found: tuple[LayerWords, ...] = ()
        library.network_opened.connect(self._find)

    def of(self, layer: int) -> LayerWords:
        """Those of a layer."""
        return self._found[layer] if layer < len(self._found) else LayerWords()

    def close(self) -> None:
        """Announce nothing any more: what listens may be gone."""
        self.blockSignals(True)

    def _find(self, network: "Network") -> None:
        self._found = ()

        def done(layer_words: tuple[LayerWords, ...]) -> None:
            if self._library.network is network:
                self._found = layer_words
                self.changed.emit()

        # A network whose arithmetic cannot be followed is looked at without these words.
        self._library.network_session.run(self._library.batch, SLOT, _words, done, lambda error: None)


def _words(network: "Network", on_step: OnStep) -> tuple[LayerWords, ...]:
    from torch import nn

    from explorer.core.index.receptive_field import receptive_fields

    on_step(0, 0)
    layer_words = []
    for layer, field in zip(network.layers, receptive_fields(network), strict=True):
        convolution = network.module.get_submodule(layer.module)
        assert isinstance(convolution, nn.Conv2d)
        high, wide = convolution.kernel_size
        tall, across = field.size
        most = "" if field.exact else "at most "
        sees = f"sees {most}{tall} × {across} px"
        if field.whole:
            sees = "sees the whole picture"
        long = (
            f"A {high} × {wide} convolution. One value of its maps depends on {most}{tall} × {across} of the "
            f"{network.input.size[0]} × {network.input.size[1]} pixels that the network sees (its receptive field)."
        )
        layer_words.append(LayerWords(f"{high} × {wide} convolution, {sees}", long))
    return tuple(layer_words)
