"""One figure: what is drawn where, at which size, and what its file says about itself."""

import html
import io
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.core.drawing.overlay import compose, overlay
from explorer.core.drawing.styles import FORMATS, Scale
from explorer.core.errors import UserError
from explorer.core.figures.attribution_figure import AttributionFigure, attribution_figure
from explorer.core.figures.card import Card, CardWords, draw_card
from explorer.core.figures.encoding import describe, encode, encode_pages, read_description
from explorer.core.figures.sheet import SheetPanel, draw_page
from explorer.core.figures.sheet_layout import HEADER, MARGIN, Layout, lay_out, panel_pixels, text_width
from explorer.core.figures.side_by_side import Panel, side_by_side
from explorer.core.figures.single import MAX_SIDE, FigureStyle, canvas, draw, draw_single, statistics
from explorer.core.tags.book import FilterKey
from tests.conftest import ROOT
from trainer.networks.checkpoint import Box, InputSpec

GOLDEN = ROOT / "tests" / "golden"
WHOLE = Box(0, 0, 40, 60)
PHYS = 0.013  # a PNG states whole pixels per metre


def picture(height: int = 40, width: int = 60) -> Any:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.dstack([150 + rows, 120 + columns // 2, np.full((height, width), 100)]).astype(np.uint8)


def golden(name: str, drawn: Any, tolerance: float = 0.0) -> None:
    """Compare with a picture on disk; `UPDATE_GOLDEN=1` writes it, to be looked at before it is kept."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        Image.fromarray(drawn).save(path)
    expected = np.asarray(Image.open(path)).astype(int)
    assert expected.shape == drawn.shape
    assert np.abs(expected - drawn).mean() <= tolerance


# What is drawn


def test_statistics_of_a_map_known_on_paper() -> None:
    map = np.array([[-1, 0, 2, 0], [0, 0, 0, 3]], np.float32)
    found = statistics(map, Box(0, 10, 40, 40), (40, 60))
    assert (found.minimum, found.maximum, found.mean, found.positive) == (-1, 3, 0.5, 0.25)
    assert (found.row, found.column) == (
        30,
        45,
    )  # the middle of the second of two rows, the last of four columns


def test_statistics_ignore_what_is_no_number() -> None:
    found = statistics(np.array([[np.nan, np.inf], [1, -np.inf]], np.float32), WHOLE, (40, 60))
    assert (found.minimum, found.maximum, found.row, found.column) == (1, 1, 30, 15)
    nothing = statistics(np.full((2, 2), np.nan, np.float32), WHOLE, (40, 60))
    assert np.isnan(nothing.maximum)
    assert (nothing.row, nothing.column) == (-1, -1)


def test_the_peak_of_a_padded_input_is_named_inside_of_the_picture() -> None:
    map = np.zeros((4, 4), np.float32)
    map[0, 3] = 1
    found = statistics(map, Box(-30, -20, 100, 100), (40, 60))
    assert (found.row, found.column) == (0, 59)


@pytest.mark.parametrize("width_mm", [None, 30.0])
def test_the_overlay_lies_only_in_the_frame(width_mm: float | None) -> None:
    """Of a wide picture that is resized by its shorter side and cropped, the network sees the middle."""
    rgb = picture(40, 80)
    spec = InputSpec(size=(20, 20), resize="shortest", resize_to=20)
    style = FigureStyle(width_mm=width_mm, dpi=254)
    drawn_on = canvas(rgb, spec.frame(40, 80), style)
    drawn = draw(drawn_on, np.ones((5, 5), np.float32), Scale(0, 1), style)
    changed = (drawn != drawn_on.rgb).any(axis=-1)
    factor = drawn.shape[1] / 80
    expected = np.zeros_like(changed)
    expected[:, round(20 * factor) : round(60 * factor)] = True
    np.testing.assert_array_equal(changed, expected)


def test_a_letterboxed_input_is_cut_at_the_picture() -> None:
    spec = InputSpec(size=(40, 80), resize="shortest", resize_to=40)  # padded left and right
    rgb = picture(40, 40)
    map = np.ones((4, 8), np.float32)
    map[:, :2] = 0  # what lies on the padding
    map[:, 6:] = 0
    style = FigureStyle()
    drawn = draw(canvas(rgb, spec.frame(40, 40), style), map, Scale(0, 1), style)
    assert (drawn != rgb).any(axis=-1).all()


def test_a_frame_far_beyond_the_picture_is_drawn_within_bounds() -> None:
    """A network that sees a picture as a point in its middle: in its scale the map would have 8 gigapixels."""
    spec = InputSpec(size=(224, 224), resize="shortest", resize_to=1)
    rgb = picture(400, 600)
    drawn = draw(
        canvas(rgb, spec.frame(400, 600), FigureStyle()),
        np.ones((7, 7), np.float32),
        Scale(0, 1),
        FigureStyle(outline=True),
    )
    assert drawn.shape == rgb.shape
    assert (drawn != rgb).any(axis=-1).mean() > 0.99


def test_the_drawing_is_the_overlay_over_the_picture() -> None:
    rgb, map = picture(), np.arange(6, dtype=np.float32).reshape(2, 3)
    style = FigureStyle(color_map="blue", opacity=0.5)
    expected = compose(rgb, overlay(map, (40, 60), peak=4, foot=1, color_map="blue"), 0.5)
    np.testing.assert_array_equal(draw(canvas(rgb, WHOLE, style), map, Scale(1, 4), style), expected)


def test_the_outline_lies_at_half_of_the_scale() -> None:
    map = np.zeros((4, 6), np.float32)
    map[1:3, 2:4] = 1
    plain, lined = (
        draw(canvas(picture(), WHOLE, style), map, Scale(0, 1), style)
        for style in (FigureStyle(), FigureStyle(outline=True))
    )
    changed = (plain != lined).any(axis=-1)
    assert changed[20, 19:22].any()  # the edge of the square, between the middles of its cells and the next
    assert not changed[20, 25:35].any()
    assert not changed[:5].any()


def test_the_untouched_picture_stands_beside_the_overlay() -> None:
    style = FigureStyle(beside=True)
    drawn_on = canvas(picture(), WHOLE, style)
    map = np.ones((2, 2), np.float32)
    both = draw_single(drawn_on, map, Scale(0, 1), style)
    np.testing.assert_array_equal(both[:, :60], picture())
    np.testing.assert_array_equal(both[:, -60:], draw(drawn_on, map, Scale(0, 1), style))
    assert (both[:, 60:-60] == 255).all()
    assert both.shape[1] > 120


@pytest.mark.parametrize("style", [FigureStyle(), FigureStyle(outline=True, color_map="blue", beside=True)])
def test_golden_overlay(style: FigureStyle) -> None:
    map = np.array([[0, 1, 0], [-5, 2, 4]], np.float32)
    drawn = draw_single(canvas(picture(), WHOLE, style), map, Scale(0, 4), style)
    golden(f"overlay_{style.color_map}.png", drawn, 0.02)


# Sizes and files


@pytest.mark.parametrize(("width_mm", "dpi"), [(85.0, 300), (57.3, 600), (170.0, 96)])
@pytest.mark.parametrize("beside", [False, True])
def test_width_and_resolution_are_exact(width_mm: float, dpi: int, beside: bool, tmp_path: Path) -> None:
    style = FigureStyle(width_mm=width_mm, dpi=dpi, beside=beside)
    rgb = draw_single(canvas(picture(), WHOLE, style), np.ones((2, 3), np.float32), Scale(0, 1), style)
    for format in ("png", "tiff"):
        with Image.open(io.BytesIO(encode(rgb, format, dpi, "{}", width_mm))) as opened:
            assert opened.size[0] == round(width_mm / 25.4 * dpi)
            assert opened.info["dpi"] == pytest.approx((dpi, dpi), abs=PHYS)
            np.testing.assert_array_equal(np.asarray(opened), rgb)
    pdf = encode(rgb, "pdf", dpi, "{}", width_mm)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert box
    assert float(box[1]) == pytest.approx(width_mm / 25.4 * 72, abs=1e-3)
    assert float(box[2]) / float(box[1]) == pytest.approx(rgb.shape[0] / rgb.shape[1], rel=1e-4)
    svg = encode(rgb, "svg", dpi, "{}", width_mm).decode()
    width = re.search(r'<svg[^>]* width="([\d.]+)pt"', svg, re.DOTALL)
    assert width
    assert float(width[1]) == pytest.approx(width_mm / 25.4 * 72, abs=1e-3)


def test_without_a_width_every_pixel_of_the_picture_is_kept() -> None:
    style = FigureStyle()
    drawn_on = canvas(picture(), WHOLE, style)
    assert drawn_on.rgb.shape == (40, 60, 3)


NASTY = {
    "name": r"a (b\) 'c' \"d\" <e>&f; $x$ )(",
    "letters": "Läsion 皮膚 \n\t\0",
    "number": 0.1,
    "none": None,
}


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_gives_its_description_back(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"figure.{format}"
    path.write_bytes(encode(picture(), format, 300, describe(NASTY)))
    found = read_description(path)
    assert found is not None
    assert {name: found[name] for name in NASTY} == NASTY
    assert found["program"] == "feature-map explorer"


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_a_figure_of_more_pixels_than_pillow_opens_gives_its_description_back(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", picture().size // 10)
    (tmp_path / f"figure.{format}").write_bytes(encode(picture(), format, 300, describe(NASTY)))
    with pytest.raises(Image.DecompressionBombError):
        Image.open(tmp_path / f"figure.{format}")
    found = read_description(tmp_path / f"figure.{format}")
    assert found is not None
    assert found["letters"] == NASTY["letters"]
    for damaged in (b"", b"\x89PNG\r\n\x1a\n", b"II*\0", b"II*\0\x08\0\0\0\xff\xff" + bytes(50)):
        (tmp_path / f"figure.{format}").write_bytes(damaged)
        assert read_description(tmp_path / f"figure.{format}") is None


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_figure_is_the_same_bytes(format: str) -> None:
    content = encode(picture(), format, 300, describe(NASTY))
    assert content == encode(picture(), format, 300, describe(NASTY))
    assert not re.search(rb"CreationDate|dc:date|tIME", content)


@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.pdf", "a.svg"])
def test_other_files_have_no_description(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert read_description(path) is None
    path.write_bytes(b'%PDF /Keywords ({"program": 3}) <dc:description>[1]</dc:description>')
    assert read_description(path) is None
    if path.suffix in (".png", ".tiff"):
        Image.fromarray(picture()).save(path)
        assert read_description(path) is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"scale": "own"}, '"own" is no scale; choose one of folder'),
        ({"scale": "fixed"}, "a foot and a peak when it is fixed, and only then"),
        ({"fixed": Scale(0, 1)}, "a foot and a peak when it is fixed, and only then"),
        ({"scale": "fixed", "fixed": Scale(2, 1)}, "not from 2 to 1"),
        ({"scale": "fixed", "fixed": Scale(0, float("inf"))}, "not from 0 to inf"),
        ({"color_map": "jet"}, '"jet" is no color map; choose one of green'),
        ({"opacity": 1.5}, "opacity 1.5 is not within"),
        ({"opacity": float("nan")}, "opacity nan is not within"),
        ({"dpi": 0}, "0 dpi are not within"),
        ({"width_mm": 1.0}, "width of 1 mm is not within"),
        ({"width_mm": float("nan")}, "width of nan mm is not within"),
        ({"width_mm": 2000.0, "dpi": 1200}, "over 20,000 pixels; choose fewer dpi"),
    ],
)
def test_styles_out_of_range_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        FigureStyle(**values)


def test_a_style_survives_its_json_form() -> None:
    style = FigureStyle("fixed", Scale(0.5, 3), "blue", 0.5, True, True, True, 85, 600)
    assert FigureStyle.from_dict(style.as_dict()) == style
    with pytest.raises(UserError, match="colour"):
        FigureStyle.from_dict({"colour": "green"})


# Sheets


def keys(count: int, layer: int = 7) -> list[FilterKey]:
    return [FilterKey(layer, number) for number in range(count)]


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.lists(st.floats(0.4, 2.5), min_size=1, max_size=25),
    st.floats(50, 400),
    st.booleans(),
)
def test_every_map_has_one_place_on_the_page(
    layers: list[int], aspects: list[float], width: float, beside: bool
) -> None:
    filters = [FilterKey(layer, number) for layer, count in enumerate(layers) for number in range(count)]
    layout = lay_out(filters, aspects, FigureStyle(width_mm=width, beside=beside))
    places = [(key, number) for page in layout.pages for key in page.filters for number in page.pictures]
    assert sorted(places) == [(key, number) for key in filters for number in range(len(aspects))]
    for page in layout.pages:
        assert len(page.filters) <= page.groups * page.rows
        group = layout.caption + len(page.pictures) * (layout.panel[1] + 1) - 1
        assert page.groups * group + (page.groups - 1) * 4 <= width + 0.01
        if page.rows > 1:
            assert (page.rows + beside) * (layout.panel[0] + 1) <= 240


def test_a_page_too_narrow_for_a_sheet_is_refused() -> None:
    with pytest.raises(UserError, match="at least 50 mm"):
        lay_out(keys(3), [1.0], FigureStyle(width_mm=20))


def page_of(
    layout: Layout,
    style: FigureStyle,
    names: list[str],
    *,
    missing: tuple[int, ...] = (),
    note: str = "",
    given: bool = False,
) -> tuple[Any, dict[tuple[FilterKey, int], SheetPanel]]:
    page = layout.pages[0]
    height, width = panel_pixels(layout, style, (40, 60), most=False)
    random = np.random.default_rng(1)
    panels = {
        (key, number): SheetPanel(random.integers(0, 255, (height, width, 3)).astype(np.uint8), Scale(0.0123, 12345))
        for key in page.filters
        for number in page.pictures
        if number not in missing
    }
    untouched = {number: np.full((height, width, 3), 90, np.uint8) for number in page.pictures if number not in missing}
    said = dict.fromkeys(page.pictures, "melanoma 0.74")
    tags = dict.fromkeys(page.filters, "border, pigment network and more")
    classes = dict.fromkeys(page.pictures, "given basal cell carcinoma") if given else None
    return draw_page(layout, page, names, panels, untouched, style, note, said, tags, classes), panels


def pixels_of(figure: Any, style: FigureStyle) -> Any:
    content = encode_pages([figure], "png", style.dpi, lambda: "{}")
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.info["dpi"] == pytest.approx((style.dpi, style.dpi), abs=PHYS)
        return np.asarray(opened)


@pytest.mark.parametrize("dpi", [72, 150, 300])
def test_panels_of_a_sheet_are_pixel_on_pixel(dpi: int) -> None:
    style = FigureStyle(width_mm=90, dpi=dpi)
    layout = lay_out(keys(3), [40 / 60, 40 / 60], style)
    figure, panels = page_of(layout, style, ["a", "b"])
    drawn = pixels_of(figure, style)
    assert drawn.shape[1] == round(90 / 25.4 * dpi)
    top = round((MARGIN + HEADER) * dpi / 25.4)
    first = panels[FilterKey(7, 0), 0].rgb
    left = next(
        column
        for column in range(drawn.shape[1] - first.shape[1])
        if (drawn[top : top + first.shape[0], column : column + first.shape[1]] == first).all()
    )
    assert left > 0


LONG = [
    "ISIC_0024306",
    "a very long name of a picture that nobody can fit (copy) 2",
    "x",
    "$\\frac{1}{2$ 皮膚_01",
]


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    ("filters", "pictures", "style"),
    [
        (keys(12), 4, FigureStyle(width_mm=170, dpi=100)),
        (keys(5), 4, FigureStyle(width_mm=60, dpi=100)),
        (keys(40), 1, FigureStyle(width_mm=170, dpi=100, beside=True)),
        ([FilterKey(120, 2047), FilterKey(7, 8)], 4, FigureStyle("seen", width_mm=85, dpi=100, outline=True)),
        (keys(9), 2, FigureStyle("layer", width_mm=120, dpi=100)),
        (keys(1), 1, FigureStyle("fixed", Scale(0.001, 123.456), width_mm=50, dpi=100)),
    ],
)
def test_no_text_is_cut_or_lies_on_another_or_on_a_panel(
    filters: list[FilterKey], pictures: int, style: FigureStyle, given: bool
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    layout = lay_out(filters, [40 / 60] * pictures, style, given=given)
    figure, _ = page_of(layout, style, LONG[:pictures], note="page 1 of 9" if pictures == 4 else "", given=given)
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    renderer = drawn.get_renderer()
    axes = figure.axes[0]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
    images = [("panel", image.get_window_extent(renderer)) for image in axes.images]
    whole = figure.bbox
    for number, (words, box) in enumerate(boxes):
        assert box.x0 >= -0.5, words
        assert box.x1 <= whole.x1 + 0.5, words
        assert box.y0 >= -0.5, words
        assert box.y1 <= whole.y1 + 0.5, words
        for other, near in boxes[number + 1 :] + images:
            apart = box.x1 <= near.x0 or near.x1 <= box.x0 or box.y1 <= near.y0 + 0.5 or near.y1 <= box.y0 + 0.5
            assert apart, (words, other)


def test_a_picture_that_could_not_be_read_leaves_an_empty_place() -> None:
    style = FigureStyle(width_mm=90, dpi=72, beside=True)
    layout = lay_out(keys(2), [1.0, 1.0], style)
    figure, _ = page_of(layout, style, ["a", "b"], missing=(1,))
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("not readable") == 3  # two filters and the untouched picture


def test_text_of_a_pdf_is_text_and_two_pages_are_two(tmp_path: Path) -> None:
    style = FigureStyle(width_mm=90, dpi=72)
    layout = lay_out(keys(2), [1.0, 1.0], style)
    pages = (page_of(layout, style, ["a", "b"])[0] for _ in range(2))
    path = tmp_path / "sheet.pdf"
    path.write_bytes(encode_pages(pages, "pdf", 72, lambda: describe({"pages": 2})))
    content = path.read_bytes()
    assert b"/Count 2" in content
    assert b"/FontFile2" in content  # TrueType; fonttype 3 would have no font file
    found = read_description(path)
    assert found
    assert found["pages"] == 2
    svg = encode_pages([page_of(layout, style, ["a", "b"])[0]], "svg", 72, lambda: "{}").decode()
    assert ">7:1</text>" in svg


def test_golden_sheet() -> None:
    style = FigureStyle("layer", width_mm=60, dpi=100, outline=True, beside=True)
    layout = lay_out([FilterKey(7, 8), FilterKey(5, 12)], [40 / 60] * 2, style)
    size = panel_pixels(layout, style, (40, 60), most=False)
    drawn_on = canvas(np.asarray(Image.fromarray(picture()).resize(size[::-1])), Box(0, 0, *size), FigureStyle())
    maps = [np.eye(3, 4, number).astype(np.float32) for number in (0, 1)]
    panels = {
        (key, number): SheetPanel(draw(drawn_on, maps[number], Scale(0, 1), style), Scale(0, 1))
        for key in layout.pages[0].filters
        for number in (0, 1)
    }
    untouched = {0: drawn_on.rgb, 1: drawn_on.rgb}
    said, tags = {0: "melanoma 0.74", 1: "other 0.61"}, {FilterKey(7, 8): "border, hair"}
    names = ["ISIC_1", "ISIC_2"]
    figure = draw_page(layout, layout.pages[0], names, panels, untouched, style, "page 1 of 2", said, tags)
    golden("sheet.png", pixels_of(figure, style), 1.0)


@pytest.mark.parametrize("width", [60.0, 120.0, None])
def test_the_lines_below_an_attribution_end_with_the_page(width: float | None, tmp_path: Path) -> None:
    settings = {"target": "class:" + "a long name of a class " * 5, "picture": "皮膚_" + "x" * 200 + ".png"}
    how = "Occlusion, " + ", ".join(f"setting {number}" for number in range(60))
    map = np.eye(4, dtype=np.float32)
    shown = AttributionFigure(picture(), WHOLE, map, 0.5, settings, "occlusion", how, "fall of the", 1.0)
    path = tmp_path / "figure.svg"
    path.write_bytes(attribution_figure(shown, "svg", FigureStyle(dpi=50, width_mm=width)))
    written = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))]
    long = [text for text in written if "…" in text]
    assert len(long) == 2
    assert all(text_width(text, 6.5) <= (width or 120) - 2 * MARGIN for text in written)
    assert not any("皮" in text for text in written), "which the font lacks"


def test_the_note_of_a_card_ends_before_the_scale() -> None:
    counts, edges = np.ones(3, np.int64), np.arange(4.0)
    words = CardWords(
        "7:8", ("answers",), counts, edges, Scale(0.0, 12345.0), "皮膚 " + "a long name of a network " * 20
    )
    figure = draw_card(Card(words), FigureStyle(dpi=50))
    figure.canvas.draw()
    left, right = (
        next(text for text in figure.texts if text.get_text().endswith(end)).get_window_extent()
        for end in ("e+04", " ")
    )
    assert right.x0 > left.x1
    assert right.x1 <= figure.bbox.x1


@pytest.mark.parametrize("size", [(1, 65_535), (65_535, 1)])
def test_extreme_proportions_stay_within_bounds(size: tuple[int, int]) -> None:
    rgb = np.full((*size, 3), 200, np.uint8)
    frame = Box(0.0, 0.0, float(size[0]), float(size[1]))
    assert max(canvas(rgb, frame, FigureStyle()).rgb.shape) <= MAX_SIDE
    settings = {"target": "class:a", "size": 16, "stride": 8, "fill": "mean", "picture": "thin.png"}
    shown = AttributionFigure(
        rgb, frame, np.ones((4, 4), np.float32), 0.5, settings, "occlusion", "patch 16", "fall of the", 1.0
    )
    with Image.open(io.BytesIO(attribution_figure(shown, "png", FigureStyle(dpi=50)))) as figure:
        assert max(figure.size) < 1000
    panels = [Panel("A", np.zeros((4, 4, 4), np.uint8), frame, Scale(0.0, 1.0))] * 3
    with Image.open(io.BytesIO(side_by_side(rgb, panels, ["a line"], {}, "png", FigureStyle(dpi=50)))) as figure:
        assert max(figure.size) < 1000
    layout = lay_out([FilterKey(0, 0)] * 3, [size[0] / size[1]], FigureStyle())
    assert min(layout.panel) > 4
    assert max(layout.panel) < 200
