"""A picture in the window, shown to a network that sees the lesion's surround."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from explorer.core.network import open_network
from explorer.core.suggestions.pictures import Looked
from explorer.state.opened.loaded_picture import NO_LESION, load_picture
from tests.networks import save_small
from tests.trainer.networks.test_field_of_view import SPOT, bare, spotted
from trainer.networks.checkpoint import InputSpec, load, save
from trainer.pictures.image_decoding import picture_digest


def test_the_window_knows_where_the_network_looks_and_what_it_says_without_a_lesion(tmp_path: Path) -> None:
    path = save_small(tmp_path / "n.safetensors")
    save(path, replace(load(path), input=InputSpec((32, 32), "squash", 32, field_of_view=0.3)))
    network = open_network(path, device="cpu")
    for name, rgb in (("spot.png", spotted()), ("bare.png", bare())):
        Image.fromarray(rgb).save(tmp_path / name)
    spot, none = (load_picture(tmp_path / name, network, None) for name in ("spot.png", "bare.png"))
    assert spot.frame is not None
    top, bottom, left, right = SPOT
    assert spot.frame.top < top
    assert bottom < spot.frame.top + spot.frame.height < 400
    assert spot.frame.left < left
    assert right < spot.frame.left + spot.frame.width < 500
    assert spot.about_frame == ""
    assert none.frame == (0, 0, 120, 160)
    assert none.about_frame == NO_LESION
    plain = load_picture(tmp_path / "bare.png", None, none)
    assert (plain.frame, plain.about_frame) == (None, "")


def test_a_mask_of_a_person_is_cut_as_its_picture(tmp_path: Path) -> None:
    top, bottom, left, right = SPOT
    mask = np.zeros((400, 500), np.uint8)
    mask[top:bottom, left:right] = 255
    Image.fromarray(spotted()).save(tmp_path / "spot.png")
    Image.fromarray(mask).save(tmp_path / "spot_segmentation.png")
    digest = picture_digest(tmp_path / "spot.png")
    looked = Looked(tmp_path / "spot.png", "spot.png", digest, tmp_path / "spot_segmentation.png", "id")
    seen, lesion = looked.seen(InputSpec((64, 64), "squash", 64, field_of_view=0.3))
    assert lesion is not None
    dark = seen.mean(axis=2) < 120
    assert (lesion[dark] > 0.5).mean() > 0.95
    assert 0.25 < lesion.mean() < 0.6
