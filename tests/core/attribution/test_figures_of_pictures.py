"""The figures of a lens on many pictures: one each, and nothing twice."""

from pathlib import Path

import pytest

from explorer.core.attribution import LENSES
from explorer.core.attribution.figures_of_pictures import LensFigures, draw_figures
from explorer.core.errors import UserError
from explorer.core.figures.encoding import read_description
from explorer.core.figures.single import FigureStyle
from explorer.core.network.opening import Network
from tests.networks import open_small


@pytest.fixture
def small(tmp_path: Path) -> Network:
    return open_small(tmp_path)


def drawn(network: Network, pictures: list[Path], out: Path, lens: str = "saliency", **more: object) -> LensFigures:
    told = {"target": "class:", "settings": LENSES[lens].complete({}), "format": "png", "style": FigureStyle(dpi=40)}
    return draw_figures(network, LENSES[lens], pictures, out, **(told | more))


def test_pictures_of_several_folders_keep_them_and_nothing_is_drawn_twice(
    small: Network, pictures: Path, tmp_path: Path
) -> None:
    some = sorted(pictures.glob("*/*.png"))[4:8]
    assert {path.parent.name for path in some} == {"benign", "malignant"}
    found = drawn(small, some, tmp_path / "out")
    assert set(found.written) == {f"{path.parent.name}/{path.name}.saliency.png" for path in some}
    assert all((tmp_path / "out" / name).stat().st_size for name in found.written)
    (tmp_path / "out" / found.written[0]).unlink()
    again = drawn(small, some, tmp_path / "out")
    assert again.written == found.written[:1]
    assert again.skipped == found.written[1:]
    other = drawn(small, some, tmp_path / "out", target="class:benign", style=FigureStyle(dpi=50))
    assert not other.written
    assert "drawn with other settings" in other.failed[0][1]


def test_a_damaged_picture_stops_nothing(small: Network, pictures: Path, tmp_path: Path) -> None:
    broken = pictures / "benign" / "broken.png"
    broken.write_bytes(b"nothing")
    found = drawn(small, [broken, pictures / "benign" / "picture1.png"], tmp_path / "out")
    assert found.written == ("picture1.png.saliency.png",)
    assert found.failed[0][0] == "broken.png"


def test_what_is_of_no_picture_is_drawn_once(small: Network, pictures: Path, tmp_path: Path) -> None:
    some = sorted(pictures.glob("*/*.png"))[:3]
    settings = LENSES["class-model"].complete({"steps": 3})
    found = drawn(small, some, tmp_path / "out", "class-model", target="class:benign", settings=settings)
    assert found.written == ("class-model.png",)


def test_a_target_that_the_lens_does_not_take_is_refused(small: Network, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not take the target"):
        drawn(small, [pictures / "benign" / "picture1.png"], tmp_path / "out", "deconvnet")


def test_the_colors_end_at_the_same_change_on_every_picture_where_that_is_wanted(
    small: Network, pictures: Path, tmp_path: Path
) -> None:
    some, out = sorted((pictures / "benign").glob("*.png"))[:2], tmp_path / "out"
    settings = LENSES["occlusion"].complete({"size": 16, "stride": 16})
    told = {"lens": "occlusion", "target": "probability:", "settings": settings}
    found = drawn(small, some, out, points=10.0, **told)
    about = [read_description(out / name) for name in found.written]
    assert [(figure["limit"], figure["points"]) for figure in about] == [(0.1, 10.0)] * 2
    assert drawn(small, some, out, points=10.0, **told).skipped == found.written
    for points in (0.0, 5.0):  # a figure with other colors is never taken for this one
        assert "drawn with other settings" in drawn(small, some, out, points=points, **told).failed[0][1]
    own = drawn(small, some, tmp_path / "own", **told)
    assert drawn(small, some, tmp_path / "own", **told).skipped == own.written
    assert "drawn with other settings" in drawn(small, some, tmp_path / "own", points=10.0, **told).failed[0][1]
