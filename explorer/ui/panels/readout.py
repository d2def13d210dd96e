"""What lies over the picture says at a place, in words: the line under the mouse."""

from explorer.core.attribution.color_range import in_points, points_text
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.session import View
from explorer.state.suggestions.concept import SuggestedConcept
from explorer.state.view.pipeline import Pipeline


def value_at(view: View, pipeline: Pipeline, lens: ChosenLens, place: tuple[float, float]) -> str:
    """What the filter's map, or that of the lens, says at a place (row, column) in shares of the input's sides."""
    chosen, attribution = lens.lens, lens.found
    if chosen is None:
        map = pipeline.map(view.layer, view.filter)
    else:
        map = attribution.map if attribution is not None else None
    if map is None:
        return ""
    value = float(map[int(place[0] * map.shape[0]), int(place[1] * map.shape[1])])
    if chosen is None:
        return f"   {view.layer}:{view.filter} = {value:.4g}"
    side = chosen.negative if chosen.negative is not None and value <= 0 else chosen.positive
    points = attribution is not None and in_points(chosen, attribution.target)
    return f"   map: {side.here} {points_text(value) if points else f'{abs(value):.3g}'}"


def concept_at(concept: SuggestedConcept, x: float, y: float) -> str:
    """How much of a suggested concept there is at a pixel of the picture, in all of which it is looked for."""
    concept_map, suggestion = concept.map, concept.shown
    if concept_map is None or suggestion is None:
        return ""
    row, column = int(y), int(x)
    inside = 0 <= row < concept_map.shape[0] and 0 <= column < concept_map.shape[1]
    return f"   {suggestion.words} {float(concept_map[row, column]):.3g}" if inside else ""
