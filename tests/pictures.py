"""`make pictures`: pictures of the window and of the lenses in docs/, made anew from the demo, always the same."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.app import RESOURCES, share_the_interpreter
from explorer.core.attribution import LENSES
from explorer.core.attribution.lens import CLASS
from explorer.core.attribution.sheet_rows import sheet_row
from explorer.core.figures.lens_sheet import SheetRow, lens_sheet
from explorer.core.figures.single import FigureStyle
from explorer.core.images import read_image
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey
from explorer.state.settings import ANNOTATOR
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow

DOCS = Path(__file__).parents[1] / "docs"
SIZE = (1440, 900)
PATIENCE_MS = 180_000
DEMO = RESOURCES / "demo"
SEEN, OF_CLASS, OF_FILTER = "drawn_03.jpg", "class:melanoma", "filter:7:5"
"""The picture that is seen through the lenses, and of what: the filter for the one lens that takes no class."""
SECOND_LINE = ("saliency", "guided-backprop", "deconvnet", "class-model")
TAGGED = {"7:24": "color", "7:5": "border", "7:57": "border", "7:14": "border"}
"""What is tagged in the picture, and the first of it in view."""


def wait(workspace: Workspace) -> None:
    """Until the picture has its maps, the tags are there and the folder has its index."""
    for _ in range(PATIENCE_MS // 50):
        QTest.qWait(50)
        maps, index = workspace.pipeline.activations, workspace.evidence.index
        if maps is not None and index is not None and workspace.tagging.path is not None:
            break
    else:
        sys.exit("The demo was not ready in time; nothing was written.")
    QTest.qWait(1500)


def draw_lenses() -> None:
    """Write docs/lenses.jpg: one picture through all lenses, as `lens sheet` draws it, in two lines."""
    network = open_network(DEMO / "demo-scratch-cnn.safetensors", device="cpu")
    rgb = read_image(DEMO / "pictures" / SEEN)
    lines = []
    for names in (("occlusion", "grad-cam", "guided-grad-cam", "integrated-gradients"), SECOND_LINE):
        panels, scales = [network.input.crop(rgb)], [""]
        for name in names:
            lens = LENSES[name]
            target = OF_CLASS if CLASS in lens.targets else OF_FILTER
            found = sheet_row(network, rgb, [lens], target, ())
            panels.append(found.panels[1])
            scales.append(found.scales[1])
        told = (SEEN, OF_CLASS, *(["Deconvnet: " + OF_FILTER] if "deconvnet" in names else []))
        row = SheetRow(told, tuple(panels), tuple(scales))
        titles = ["picture", *(LENSES[name].title for name in names)]
        sheet = lens_sheet(titles, [row], "png", FigureStyle(width_mm=190, dpi=150), {})
        lines.append(Image.open(io.BytesIO(sheet)).convert("RGB"))
    both = Image.new("RGB", (lines[0].width, sum(line.height for line in lines)), "white")
    both.paste(lines[0], (0, 0))
    both.paste(lines[1], (0, lines[0].height))
    both.save(DOCS / "lenses.jpg", quality=88)
    print(DOCS / "lenses.jpg")


def main() -> None:
    """Write docs/window.jpg and docs/lenses.jpg."""
    draw_lenses()
    share_the_interpreter()
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(Path(home) / "settings.ini")
        settings.set_value(ANNOTATOR, "Ada")
        workspace = Workspace(settings, RESOURCES, index_command=(sys.executable, "-m", "explorer"))
        apply_theme(application, "dark", workspace.icons)
        window = MainWindow(settings)
        assemble(window, workspace)
        window.resize(*SIZE)
        window.show()
        workspace.opening.start(Start(demo=True, device="cpu"))
        wait(workspace)
        for key, word in TAGGED.items():
            workspace.tagging.toggle(FilterKey.parse(key), word)
        first = FilterKey.parse(next(iter(TAGGED)))
        workspace.session.update(layer=first.layer, filter=first.filter)
        QTest.qWait(2500)  # saved, and painted
        window.grab().toImage().save(str(DOCS / "window.jpg"), "JPEG", 88)  # type: ignore[call-overload]
        print(DOCS / "window.jpg")
        window.close()


if __name__ == "__main__":
    main()
