"""How every figure of a report looks, and how it becomes a file."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, GRID_LINE, PAPER = "#1b1e23", "#6f7680", "#d5d8dd", "#ffffff"
"""Text, what stands back, lines behind, ground; `resources/report/style.css` gives them other colors in the dark."""

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#6f7680")
"""Okabe and Ito's colors, which differ for color-blind readers too (jfly.uni-koeln.de/color)."""

LINES = ("-", "--", ":", "-.")

STYLE: Any = {
    "font.size": 9,
    "font.family": ["sans-serif"],
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID_LINE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "path.simplify": True,
}

PNG_DPI = 200


def encoded(figure: "Figure", name: str) -> tuple[bytes, bytes]:
    """A figure as (SVG, PNG); equal figures give equal bytes."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    svg, png = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(svg, metadata={"Date": None})
        figure.set_dpi(PNG_DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.print_png(png)
    return svg.getvalue(), png.getvalue()


def square() -> tuple["Figure", "Axes"]:
    """Axes from 0 to 1 both ways."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
    return figure, axes


def with_legend(figure: "Figure") -> "Figure":
    """The legend stands below, where it covers nothing; the figure grows by its lines."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.set_figheight(figure.get_figheight() + 0.17 * len(labels))
    figure.legend(handles, labels, loc="outside lower left")
    return figure


def short(text: str, longest: int = 18) -> str:
    """A text that fits; matplotlib would read what stands between dollars as a formula."""
    return (text if len(text) <= longest else text[: longest - 1] + "…").replace("$", r"\$")
