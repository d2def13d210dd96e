"""What a layer's filters tell apart: the network's classes, as the words of the table mean them."""

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from explorer.core.index import open_index
from explorer.core.index.layer_summary import ordered
from explorer.core.network.opening import open_network
from explorer.state.opened.network_session import Request
from explorer.state.workspace import Workspace
from tests.conftest import ROOT
from tests.core.index.synthetic_index import write_index

DEMO = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"


def test_the_order_by_class_separation_goes_by_the_networks_classes(
    workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    """`bkl` and `mel` are one class once a person says so: filter 1 tells it from `nv`."""
    network = open_network(DEMO, device="cpu")
    filters = tuple(layer.filters for layer in network.layers)
    given = ("mel", "bkl", "nv") * 20
    words, random = np.array(given), np.random.default_rng(0)
    inside = random.random((sum(filters), 60))
    inside[0] += 0.8 * (words == "mel")
    inside[1] += 0.4 * (words != "nv")
    path = write_index(
        tmp_path / "index.h5",
        inside,
        filters=filters,
        given=given,
        classes=network.classes,
        identity=network.identity,
        inside=inside,
    )
    workspace.library.open_network(Request(DEMO, device="cpu"))
    qtbot.waitUntil(lambda: workspace.library.network is not None, timeout=30000)
    workspace.evidence.take(open_index(path))
    malignant = network.classes[1]

    def first() -> int:
        summary = workspace.filter_facts.of(0)
        return -1 if summary is None else ordered(summary.separation)[0]

    qtbot.waitUntil(lambda: first() == 0, timeout=30000)
    workspace.given.edit(workspace.given.map.put("bkl", malignant))
    qtbot.waitUntil(lambda: first() == 1, timeout=30000)
