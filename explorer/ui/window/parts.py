"""The parts of the window: what stands in it, each built once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.ui.panels.filter_card import FilterCardPanel
    from explorer.ui.panels.layer_panel import LayerList
    from explorer.ui.panels.muted_line import MutedLine
    from explorer.ui.panels.picture_panel import PicturePanel
    from explorer.ui.panels.suggestion_line import SuggestionLine
    from explorer.ui.panels.tag_panel import TagPanel
    from explorer.ui.widgets.filter_model import FilterModel
    from explorer.ui.widgets.lists import OverPicturesModel
    from explorer.ui.widgets.message_banner import Problems
    from explorer.ui.widgets.remembering_splitter import RememberingSplitter
    from explorer.ui.window.center import Center
    from explorer.ui.window.status_bar import Status
    from explorer.ui.window.top_bar import TopBar


@dataclass(frozen=True)
class WindowParts:
    """Panels, bars and the models that several of them show; commands and connections come on top of them."""

    problems: "Problems"
    top: "TopBar"
    muted: "MutedLine"
    filters: "FilterModel"
    over: "OverPicturesModel"
    pictures: "PicturePanel"
    suggestion: "SuggestionLine"
    tags: "TagPanel"
    card: "FilterCardPanel"
    layers: "LayerList"
    status: "Status"
    center: "Center"
    columns: "RememberingSplitter"
