"""The workers of an open network: nothing that a person waits for stands behind a long job, and no copy mixes maps."""

import threading
from pathlib import Path

from pytestqt.qtbot import QtBot

from explorer.state.opened.network_session import NetworkSession, Request
from explorer.state.workspace import Workspace
from tests.networks import save_small
from tests.state.test_workspace import open_both


def test_predictions_and_sweeps_do_not_wait_for_a_long_job(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "n.safetensors"), pictures)
    goes_on, ended = threading.Event(), []
    workspace.library.network_session.run(
        workspace.library.long, "export", lambda network, on_step: goes_on.wait(60), ended.append
    )
    workspace.lens.choose("occlusion")
    qtbot.waitUntil(lambda: workspace.lens.found is not None and not workspace.lens.rough)
    picture = workspace.library.folder.pictures[1]
    workspace.library.predictions.get(picture)
    qtbot.waitUntil(lambda: workspace.library.predictions.peek(picture) is not None)
    assert ended == []
    goes_on.set()
    qtbot.waitUntil(lambda: ended == [True])


def test_filters_are_matched_while_an_export_runs(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    open_both(qtbot, workspace, save_small(tmp_path / "a.safetensors"), pictures)
    goes_on, ended = threading.Event(), []
    workspace.library.network_session.run(
        workspace.library.long, "export", lambda network, on_step: goes_on.wait(60), ended.append
    )
    workspace.second.open_network(Request(save_small(tmp_path / "b.safetensors", seed=1), device="cpu"))
    try:
        qtbot.waitUntil(lambda: workspace.match.key is not None, timeout=20_000)
        assert ended == []
    finally:
        goes_on.set()


def test_two_networks_are_open_side_by_side(qtbot: QtBot, tmp_path: Path) -> None:
    sessions = NetworkSession(), NetworkSession()
    try:
        for place, session in enumerate(sessions):
            with qtbot.waitSignal(session.opened):
                session.open_network(Request(save_small(tmp_path / f"{place}.safetensors", seed=place), device="cpu"))
        one, other = (session.network for session in sessions)
        assert one.identity != other.identity
    finally:
        for session in sessions:
            session.close()


def test_networks_that_trainers_all_call_alike_are_told_apart_by_their_folders(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path, pictures: Path
) -> None:
    for name in ("first run", "second run"):
        (tmp_path / name).mkdir()
    open_both(qtbot, workspace, save_small(tmp_path / "first run" / "network.safetensors"), pictures)
    workspace.second.open_network(
        Request(save_small(tmp_path / "second run" / "best_model-12.safetensors", seed=1), device="cpu")
    )
    qtbot.waitUntil(lambda: workspace.second.network is not None)
    assert workspace.second.titles == ("first run/network", "second run/best_model-12")
    assert "second run/best_model-12" in workspace.sides.both.caption(second=True)
    workspace.opening.open_model(Request(save_small(tmp_path / "first run" / "skin_net.safetensors"), device="cpu"))
    qtbot.waitUntil(lambda: workspace.second.titles[0] == "skin_net")
