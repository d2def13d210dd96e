"""How two networks' answers on the picture in view are drawn: each of them, and one minus the other."""

import math
from typing import TYPE_CHECKING

from explorer.core.attribution.color_range import range_text
from explorer.core.attribution.lens import Side
from explorer.core.counting import clipped
from explorer.core.drawing.styles import Scale
from explorer.state.comparison.filter_match import FilterMatch
from explorer.state.comparison.second_answers import SecondAnswers
from explorer.state.comparison.second_network import SecondNetwork
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.session import Session
from explorer.state.view.beside import RESOLUTION, Drawn, SignedBar
from explorer.state.view.map_drawing import draw, drawn_attribution, fit, place_in
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.arrays import Map
    from trainer.networks.input_spec import Box

LONGEST = 28
"""Characters of a network's name in a caption."""
HIGHER = Side("B higher", "B answers more than A", "B more:")
LOWER = Side("A higher", "A answers more than B", "A more:")
MORE = Side("B more", "more than A's", "B more:")
LESS = Side("A more", "less than A's", "A more:")


class BothDrawn:
    """A's and B's answers over the picture in view, and B minus A; of B the filter that stands for the one in view."""

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        lens: ChosenLens,
        second: SecondNetwork,
        answers: SecondAnswers,
        match: FilterMatch,
    ) -> None:
        self._session, self._pipeline, self._lens = session, pipeline, lens
        self._second, self._answers, self._match = second, answers, match
        self.own_scales = False
        """Whether each is to be drawn on a scale of its own, although they may have one in common."""

    @property
    def own(self) -> bool:
        """Whether each network is drawn on a scale of its own: so it was chosen, or they have no scale in common."""
        return self.own_scales or not self._match.alike

    def drawn(self, *, second: bool, longest: int = RESOLUTION) -> Drawn:
        """A's or B's answer over the picture in view: the filter's map at most `longest` long, or that of the lens."""
        frame, caption = self._frame(second), self.caption(second=second)
        if frame is None:
            return Drawn(caption=caption)
        lens = self._lens.lens
        if lens is not None:
            attribution = self._answers.lens_map if second else self._lens.found
            if attribution is None:
                return Drawn(caption=caption)
            like = None if self.own_scales else self._lens.found
            overlay, limit = drawn_attribution(attribution, lens, self._lens.points, like)
            range_words = range_text(attribution, lens, limit)
            bar = SignedBar(limit, lens.positive, lens.negative, range_words) if attribution.rgb is None else None
            return Drawn(overlay=overlay, frame=frame, caption=caption, bar=bar)
        map, scale, style = self.map(second), self.scale(second), self._session.view.style
        if map is None or scale is None:
            return Drawn(caption=caption)
        size = fit((round(frame.height), round(frame.width)), longest * (1 + style.outline))
        return Drawn(overlay=draw(map, scale, style, size), frame=frame, caption=caption, bar=scale)

    def difference(self) -> Drawn:
        """What B answers minus what A does."""
        first, second, sides, limit, words = self._compared()
        frames = self._frame(False), self._frame(True)
        key, through_lens = self._match.key, self._lens.lens is not None
        pair = "B − A" if through_lens or key is None else f"B {key} − A {self._match.first}"
        caption = f"{pair}{words}"
        if first is None or second is None or frames[0] is None or frames[1] is None:
            return Drawn(caption=f"{caption} · {self.missing or 'measuring …'}")
        from explorer.core.comparison.difference import difference
        from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of

        signed_map = difference(first, frames[0], second, frames[1])
        end = limit or limit_of(signed_map, self._lens.lens.quantile if self._lens.lens is not None else 1.0)
        overlay = attribution_overlay(signed_map, signed_map.shape, limit=end)
        return Drawn(overlay=overlay, frame=frames[0], caption=caption, bar=SignedBar(end, *sides))

    def map(self, second: bool) -> "Map | None":
        """The map of the filter in view, or of the one of B that stands for it."""
        view = self._session.view
        return self._answers.map(self._match.key) if second else self._pipeline.map(view.layer, view.filter)

    def scale(self, second: bool) -> Scale | None:
        """The scale on which that map is drawn."""
        view, key = self._session.view, self._match.key
        if second and self.own:
            return self._answers.scale(key) if key is not None else None
        return self._pipeline.scale(view.layer, view.filter)

    def value_at(self, x: float, y: float, *, second: bool) -> float | None:
        """What lies over the picture at a place in its pixels; None outside of what the network sees."""
        lens, place = self._lens.lens, place_in(self._frame(second), x, y)
        attribution = self._answers.lens_map if second else self._lens.found
        map = self.map(second) if lens is None else attribution.map if attribution is not None else None
        if place is None or map is None:
            return None
        return float(map[int(place[0] * map.shape[0]), int(place[1] * map.shape[1])])

    @property
    def missing(self) -> str:
        """Why there is nothing of B to be seen; "" where there is, or may be soon."""
        if self._answers.trouble:
            return self._answers.trouble
        if self._lens.lens is None and self._match.key is None:
            return "matching …" if self._match.pending else self._match.sentence
        return ""

    def caption(self, *, second: bool) -> str:
        """Which network and filter it is, on which scale, in a corner of the picture."""
        network = self._second.network if second else self._pipeline.network
        key = self._match.key if second else self._match.first
        if network is None:
            return ""
        parts = [f"{'B' if second else 'A'}: {clipped(self._second.titles[second], LONGEST)}"]
        if self._lens.lens is None:
            parts.append(str(key) if key is not None else "")
        if second:
            strength = self._match.strength
            matched = f"r {strength:.2f}" if self._lens.lens is None and not math.isnan(strength) else ""
            own = self._answers.scale_words(key) if self.own and self._lens.lens is None and key is not None else ""
            parts += [self.missing] if self.missing else [matched, own or ("own scale" if self.own else "")]
        return " · ".join(filter(None, parts))

    def _compared(self) -> "tuple[Map | None, Map | None, tuple[Side, Side], float, str]":
        """What is subtracted, what colors mean, where they end (0: at the largest), and on which scale, in words."""
        lens = self._lens.lens
        if lens is not None:
            attributions = self._lens.found, self._answers.lens_map
            pictures_made = any(attribution is not None and attribution.rgb is not None for attribution in attributions)
            maps = [
                attribution.map if attribution is not None and not pictures_made else None
                for attribution in attributions
            ]
            words = " · two pictures that were made have no difference" if pictures_made else f" · {lens.title}"
            return maps[0], maps[1], (MORE, LESS), 0.0, words
        first, second, scale, second_scale = self.map(False), self.map(True), self.scale(False), self.scale(True)
        if first is None or second is None or scale is None or second_scale is None:
            return None, None, (HIGHER, LOWER), 0.0, ""
        import numpy as np

        if self.own:
            from explorer.core.comparison.difference import share_of

            shares = share_of(first, scale), share_of(second, second_scale)
            return *shares, (HIGHER, LOWER), 1.0, " · in shares of each one's own scale"
        # Below zero nothing is drawn of either: there the filter does not answer.
        return np.maximum(first, 0), np.maximum(second, 0), (HIGHER, LOWER), scale.peak, " · on the scale of A"

    def _frame(self, second: bool) -> "Box | None":
        activations = self._answers.activations if second else self._pipeline.activations
        return activations.frame if activations is not None else None
