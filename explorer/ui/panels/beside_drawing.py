"""Draws what stands beside the picture in view, and the color bar of its own that it may have."""

from explorer.state.session import DisplayStyle, Session
from explorer.state.view.beside import Beside, Drawn, SignedBar
from explorer.state.view.muting import Muting
from explorer.ui.widgets.image_view import ImageView
from explorer.ui.widgets.labels_and_layouts import ColorBar


class BesideDrawing:
    """Puts it into the view of the picture; `bar` stands at the left of that, while it is needed."""

    def __init__(self, session: Session, beside: Beside, muting: Muting, image: ImageView) -> None:
        self._session, self._beside, self._muting, self._image = session, beside, muting, image
        self.bar = ColorBar()
        self.bar.hide()
        beside.changed.connect(self.draw)
        muting.changed.connect(self.draw)

    def draw(self) -> None:
        """Show what stands there, or nothing; amber where anything shown is not the real network or picture."""
        entry = self._beside.shown
        drawn = entry.drawn() if entry is not None else None
        self._image.set_muted(bool(self._muting.keys) or (drawn is not None and not drawn.real))
        self._image.set_picture_beside(drawn.picture if drawn is not None else None)
        self._image.set_beside(drawn is not None)
        self.bar.setVisible(drawn is not None and drawn.bar is not None)
        if drawn is None:
            self._image.set_overlay_beside(None, None)
            return
        self._image.set_overlay_beside(drawn.overlay, drawn.frame, drawn.caption)
        show_bar(self.bar, drawn, self._session.view.style)


def show_bar(bar: ColorBar, drawn: Drawn, style: DisplayStyle) -> None:
    """Let a color bar say what the colors of something drawn mean."""
    if isinstance(drawn.bar, SignedBar):
        bar.show_attribution(drawn.bar.limit, drawn.bar.positive, drawn.bar.negative, drawn.bar.told)
    else:
        bar.show_scale(drawn.bar, style.color_map, style.outline)
