"""What a layer's filters tell apart: the network's classes, as the words of the table mean them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from explorer.core.index import open_index
from explorer.core.index.layer_summary import ordered
from explorer.core.index.strong_pictures import strong_of
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


def test_pictures_of_the_training_count_in_every_number_about_classes_once_asked_for(
    workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    """Filter 1 tells the classes apart on pictures that taught the network, filter 0 a little on the others."""
    network = open_network(DEMO, device="cpu")
    filters = tuple(layer.filters for layer in network.layers)
    given, taught = np.array((network.classes[1], network.classes[0]) * 60), np.arange(120) < 80
    random = np.random.default_rng(0)
    inside = random.random((sum(filters), 120))
    inside[0] += 0.5 * (given == network.classes[1]) * ~taught
    inside[1] += 0.9 * (given == network.classes[1]) * taught
    path = write_index(
        tmp_path / "index.h5",
        inside,
        filters=filters,
        given=tuple(given),
        classes=network.classes,
        identity=network.identity,
        trained_on=taught,
        inside=inside,
    )
    workspace.library.open_network(Request(DEMO, device="cpu"))
    qtbot.waitUntil(lambda: workspace.library.network is not None, timeout=30000)
    workspace.session.update(layer=0, filter=1)
    workspace.card.want(True)
    workspace.evidence.take(open_index(path))

    def counted() -> tuple[int, int, int]:
        summary, card = workspace.filter_facts.of(0), workspace.card.card
        first = -1 if summary is None else ordered(summary.separation)[0]
        return (first, *((card.classes.pictures, card.classes.of_training) if card is not None else (-1, -1)))

    qtbot.waitUntil(lambda: counted() == (0, 40, 0), timeout=30000)
    workspace.evaluating.count_trained_on(True)
    qtbot.waitUntil(lambda: counted() == (1, 120, 80), timeout=30000)
    strong = strong_of(inside[1], 1.0, given, np.zeros(120, bool))
    assert replace(strong, of_training=True).sentence() == f"{strong.sentence()[:-1]}, also those of its training)"
    workspace.evaluating.count_trained_on(False)
    qtbot.waitUntil(lambda: counted() == (0, 40, 0), timeout=30000)
    for wanted in (True, False):  # asked for and taken back before anything is read
        workspace.evaluating.count_trained_on(wanted)
    qtbot.waitUntil(lambda: not workspace.library.reading.busy(), timeout=30000)
    qtbot.wait(50)
    assert counted() == (0, 40, 0)
