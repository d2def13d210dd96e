"""What is suggested for the filter in view, laid over the picture in its place: found on a worker, for one picture."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.drawing.styles import Scale
from explorer.core.progress import OnStep
from explorer.state.opened.library import Library
from explorer.state.session import DisplayStyle
from explorer.state.suggestions.suggesting import Suggesting
from explorer.state.view.beside import Drawn
from explorer.state.view.map_drawing import draw, fit
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.arrays import Map
    from explorer.core.suggestions import Suggestion
    from explorer.state.comparison.side_by_side import SideBySide
    from explorer.state.lens.chosen_lens import ChosenLens

SLOT = "suggested concept"
NOTHING = "Nothing is suggested for this filter: there is nothing to lay over the picture."


class SuggestedConcept(QObject):
    """Whether the suggestion's concept lies over the picture instead of the filter's map; `changed` if another."""

    changed = Signal()

    def __init__(
        self, pipeline: Pipeline, library: Library, suggesting: Suggesting, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._pipeline, self._library, self._suggesting = pipeline, library, suggesting
        self._wanted = False
        self._asked: tuple[object, ...] | None = None
        self._map: Map | None = None
        pipeline.picture_changed.connect(self._follow)
        suggesting.changed.connect(self._follow)

    @property
    def shown(self) -> "Suggestion | None":
        """The suggestion whose concept is wanted over the picture."""
        from explorer.core.suggestions.concept_map import has_place

        suggestion = self._suggesting.suggestion
        return suggestion if self._wanted and suggestion is not None and has_place(suggestion) else None

    @property
    def map(self) -> "Map | None":
        """Its map (H, W) of the picture on show; None while it is found, and where it is not wanted."""
        return self._map if self.shown is not None else None

    def lies_over(self, lens: "ChosenLens", sides: "SideBySide") -> bool:
        """Whether it lies over the picture in place of the filter's map."""
        return lens.lens is None and not sides.swapped and self.shown is not None

    def drawn(self, style: DisplayStyle, longest: int) -> Drawn:
        """Its map over all of the picture, at most `longest` pixels long; without it while it is found."""
        suggestion, concept_map, scale = self.shown, self.map, Scale(0.0, 1.0)
        caption = suggestion.words if suggestion is not None else ""
        if concept_map is None:
            return Drawn(caption=caption)
        from trainer.networks.input_spec import Box

        height, width = concept_map.shape
        overlay = draw(concept_map, scale, style, fit((height, width), longest))
        return Drawn(overlay=overlay, frame=Box(0, 0, height, width), caption=caption, bar=scale)

    def toggle(self) -> str:
        """Lay it over the picture, or go back to the filter's map; else what is missing, in words."""
        self._wanted = not self._wanted
        if self._wanted and self.shown is None:
            self._wanted = False
            suggestion = self._suggesting.suggestion
            if suggestion is None or not suggestion.tag:
                return self._suggesting.missing or NOTHING
            words = f"{suggestion.words[:1].upper()}{suggestion.words[1:]}"
            why = ": what answers to a color answers wherever the picture has it" * (suggestion.concept == "color")
            return f"{words} has no place of its own on the picture{why}."
        self._follow()
        self.changed.emit()
        return ""

    def _follow(self) -> None:
        suggestion, picture = self.shown, self._pipeline.shown
        if suggestion is None or picture is None:
            if self._asked is not None:
                self._asked, self._map = None, None
                self._library.batch.cancel(SLOT)
                self.changed.emit()
            return
        asked = (picture.picture, picture.state, suggestion.concept, suggestion.detail)
        if asked == self._asked:
            return
        self._asked, self._map = asked, None
        rgb, wanted = picture.rgb, suggestion

        def work(on_step: OnStep) -> "Map | None":
            from explorer.core.suggestions.concept_map import concept_map

            return concept_map(rgb, wanted)

        def done(computed: "Map | None") -> None:
            if asked == self._asked:
                self._map = computed
                self.changed.emit()

        self._library.batch.submit(SLOT, work, done)
        self.changed.emit()
