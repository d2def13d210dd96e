"""The figure in view while two networks are looked at: what lies in front and what stands beside, each named."""

from explorer.core.errors import UserError
from explorer.state.comparison.side_by_side import SideBySide, spoken
from explorer.state.figures.of_panels import FINE, NOT_THERE, Draw, Panels, draw_of, style_of
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.session import Session
from explorer.state.view.pipeline import Pipeline


def drawn_both(session: Session, pipeline: Pipeline, lens: ChosenLens, sides: SideBySide, dpi: int) -> Draw:
    """What draws the figure; UserError while one of the two has no answer yet."""
    shown, second = pipeline.shown, sides.second
    assert shown is not None
    front = sides.both.drawn(second=sides.swapped, longest=FINE)
    beside = sides.both.drawn(second=not sides.swapped, longest=FINE)
    if sides.difference_beside:
        beside = sides.both.difference()
    if front.overlay is None or beside.overlay is None or second is None:
        raise UserError(NOT_THERE)
    view, through = session.view, lens.lens
    predictions = [f"{name}: {spoken(words)}" for name, words in zip("AB", sides.predictions, strict=True)]
    subject = f"filter {view.layer}:{view.filter} of A" if through is None else f"{through.title}, {lens.target}"
    names = [f"{letter}: {title}" for letter, title in zip("AB", sides.titles, strict=True)]
    lines = (" · ".join((shown.picture.stem, *predictions)), " · ".join((subject, *names, *sides.notes)))
    first = f"layer{view.layer:02}_filter{view.filter:03}" if through is None else through.name
    name = f"{first}_{shown.picture.stem}_{'B-A' if sides.difference_beside else 'A_B'}"
    about = {"second_network": second.identity, "second_network_name": second.name}
    panels = Panels(name, (front, beside), lines, about, (shown.picture,))
    return draw_of(panels, shown, style_of(view.style, dpi, 2))
