"""An index is right, kept, and never stale: whatever changes, what it says is what the network answers now."""

import dataclasses
import hashlib
import json
import os
import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.index.build import BuildOptions
from explorer.core.index.filter_card import filter_card
from explorer.core.index.folder_pictures import PREPARED
from explorer.core.index.gallery import gallery
from explorer.core.index.layer_summary import summary_of
from explorer.core.index.measuring import Measurer
from explorer.core.index.parts import folder_of
from explorer.core.index.strong_pictures import strong_pictures
from explorer.core.maps.activations import record
from explorer.core.network.opening import Network, open_network
from explorer.core.progress import Cancelled
from explorer.core.tags import FilterKey
from tests.core.index.apart import building, kill_group
from tests.networks import open_small, save_small
from trainer.networks.input_spec import InputSpec


def draw(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write pictures of chance into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = np.random.default_rng(seed)
    paths = [folder / f"{seed}_{row}.png" for row in range(count)]
    for path in paths:
        rough = drawn.integers(0, 256, (6, 5, 3), np.uint8)
        Image.fromarray(rough).resize((40, 36)).save(path)
    return paths


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("network"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    draw(tmp_path / "pictures" / "nevus", 5)
    draw(tmp_path / "pictures" / "melanoma", 4, seed=1)
    return tmp_path / "pictures"


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were measured, batch by batch."""
    counts: list[int] = []
    measure = Measurer.measure

    def counted(self: Measurer, batch: object, thresholds: object) -> object:
        counts.append(len(batch))  # type: ignore[arg-type]
        return measure(self, batch, thresholds)  # type: ignore[arg-type]

    monkeypatch.setattr(Measurer, "measure", counted)
    return counts


def check(index: FolderIndex, network: Network, folder: Path) -> None:
    """What the index says of every picture is what `record` says of it."""
    first = 0
    for info in network.layers:
        peaks = index.layer_answers(info.index, "peak")
        for row, name in enumerate(index.pictures):
            maps = record(network, read_image(folder / name)).maps[info.index]
            np.testing.assert_allclose(peaks[:, row], maps.max(axis=(1, 2)), rtol=1e-4, atol=1e-5)
        first += info.filters
    assert index.logits.shape == (len(index.pictures), 2)
    assert set(index.digests) == {hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in index.pictures}


def test_every_number_of_an_index(network: Network, pictures: Path, tmp_path: Path) -> None:
    out = build_index(network, pictures, tmp_path / "index.h5", options=BuildOptions(of_a_part=4))
    with open_index(out) as index:
        assert index.complete
        assert index.given == tuple(Path(name).parent.name for name in index.pictures)
        check(index, network, pictures)
        key = FilterKey(1, 2)
        for row, name in enumerate(index.pictures):
            found = record(network, read_image(pictures / name))
            values = found.maps[1][2]
            inner, positive = values[1:-1, 1:-1], np.maximum(values, 0)
            height, width = values.shape
            share = 1 - (height - 2) * (width - 2) / (height * width)
            ring = (positive.sum() - positive[1:-1, 1:-1].sum()) / max(positive.sum(), 1e-9) / share
            threshold = index.filters()[index.row(key)]["q995"]
            assert index.answers(key, "inside")[row] == pytest.approx(inner.max(), rel=1e-4, abs=1e-5)
            assert values[tuple(index.places(key)[row])] == pytest.approx(inner.max(), rel=1e-4, abs=1e-5)
            assert index.answers(key, "mean")[row] == pytest.approx(values.mean(), rel=1e-3, abs=1e-5)
            assert index.answers(key, "ring")[row] == pytest.approx(ring, rel=2e-3)
            assert index.answers(key, "area")[row] == pytest.approx((values > threshold).mean(), abs=2e-3)
            inner_share = (inner > index.filters()[index.row(key)]["q995_inside"]).mean()
            assert index.answers(key, "area_inside")[row] == pytest.approx(inner_share, abs=2e-3)
            np.testing.assert_allclose(index.logits[row], found.logits, atol=1e-5)
        filters = index.filters()
        assert filters["peak"][index.row(key)] == pytest.approx(index.peaks(key).mean(), rel=1e-5)
        assert filters["relevance"][index.row(key)] == pytest.approx(np.abs(index.answers(key, "relevance")).mean())
        for layer in range(len(network.layers)):
            assert filters["relevance_share"][filters["layer"] == layer].sum() == pytest.approx(1, rel=1e-4)


def test_scale_area_and_silence_leave_the_maps_edge_out(pictures: Path, tmp_path: Path) -> None:
    """A filter that answers to padding alone, and one that padding answers louder than skin."""
    network = open_small(tmp_path, seed=3)
    last = dict(network.module.named_modules())[network.layers[-1].module]
    layer, size = network.layers[-1].index, (network.layers[-1].height, network.layers[-1].width)
    assert isinstance(last, torch.nn.Conv2d)
    assert min(size) > 2
    with open_index(build_index(network, pictures, tmp_path / "before.h5")) as index:
        peaks, inside = (index.layer_answers(layer, name) for name in ("peak", "inside"))
    louder = np.flatnonzero(peaks.max(axis=1) > inside.max(axis=1) + 1e-3)
    assert len(louder)
    filter = int(louder[0])
    with torch.no_grad():  # so much less that nothing inside is above zero, and something of the ring is
        lower = (float(inside[filter].max()) + float(peaks[filter].max())) / 2
        assert last.bias is not None
        last.bias[filter] -= lower
    with open_index(build_index(network, pictures, tmp_path / "after.h5")) as index:
        key, rows = FilterKey(layer, filter), index.filters()
        row = rows[index.row(key)]
        maps = [record(network, read_image(pictures / name)).maps[layer] for name in index.pictures]
        inner = np.stack(maps, axis=1)[:, :, 1:-1, 1:-1]
        assert row["highest"] > 0 >= row["highest_inside"]
        assert (row["silent"], row["silent_share_inside"]) == (True, 1)
        assert row["silent_share"] < 1
        assert index.scale(key) == Scale(0.0, 0.0)
        assert strong_pictures(index, key).count == 0
        assert gallery(index, key).silent
        assert filter in summary_of(index, layer, size).silent
        assert filter_card(index, key, size).silent
        for other, values in enumerate(inner):
            of = rows[index.row((layer, other))]
            assert of["highest_inside"] == pytest.approx(values.max(), rel=1e-4, abs=1e-5)
            assert of["q995_inside"] == pytest.approx(np.quantile(values, 0.995), rel=0.05, abs=0.02)
            assert of["silent"] == (values.max() <= 0)


def test_what_is_there_is_kept_and_what_is_new_is_computed(
    network: Network, pictures: Path, tmp_path: Path, computed: list[int]
) -> None:
    out = tmp_path / "index.h5"
    build_index(network, pictures, out)
    assert sum(computed) == 9
    with open_index(out) as index:
        scales = index.filters()["q995"]
    computed.clear()
    build_index(network, pictures, out)
    assert computed == []
    draw(pictures / "nevus", 3, seed=2)
    build_index(network, pictures, out)
    assert sum(computed) == 3
    with open_index(out) as index:
        assert len(index.pictures) == 12
        assert (index.filters()["q995"] == scales).all(), "adding pictures changes no scale"
        check(index, network, pictures)
    computed.clear()
    (pictures / "nevus" / "0_1.png").rename(pictures / "melanoma" / "renamed.png")
    shutil.copy(pictures / "nevus" / "2_0.png", pictures / "nevus" / "0_0.png")
    (pictures / "nevus" / "0_2.png").unlink()
    build_index(network, pictures, out)
    assert sum(computed) == 1, "a renamed picture is known by its content, one that is there twice has two columns"
    with open_index(out) as index:
        assert len(index.pictures) == 11
        check(index, network, pictures)


def test_another_network_or_other_scales_make_everything_anew(
    network: Network, pictures: Path, tmp_path: Path, computed: list[int]
) -> None:
    out = tmp_path / "index.h5"
    build_index(network, pictures, out)
    other = open_small(tmp_path, seed=5)
    computed.clear()
    build_index(other, pictures, out)
    assert sum(computed) == 9
    with open_index(out) as index:
        assert index.contents.network.identity == other.identity
        check(index, other, pictures)
    draw(pictures / "nevus", 9, seed=4)
    computed.clear()
    build_index(other, pictures, out, options=BuildOptions(remeasure=True))
    assert sum(computed) == 18
    assert len(list(folder_of(out).glob("*.h5"))) <= 4, "parts that nothing needs do not pile up"


def test_a_damaged_part_is_made_again(network: Network, pictures: Path, tmp_path: Path, computed: list[int]) -> None:
    out = tmp_path / "index.h5"
    build_index(network, pictures, out, options=BuildOptions(of_a_part=4))
    damage(next(path for path in sorted(folder_of(out).glob("*.h5")) if path.name != "sample.h5"))
    with pytest.raises(UserError, match="damaged"):
        open_index(out)
    computed.clear()
    build_index(network, pictures, out)
    assert 0 < sum(computed) <= 4
    with open_index(out) as index:
        check(index, network, pictures)
    for path in folder_of(out).glob("*.h5"):
        path.unlink()
    with pytest.raises(UserError, match="lacks its part"):
        open_index(out)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-40] ^= 255
    path.write_bytes(content)


def test_scales_stay_where_the_file_that_keeps_them_is_damaged(
    network: Network, pictures: Path, tmp_path: Path, computed: list[int]
) -> None:
    """One byte changes no scale: the index keeps them a second time. Where both are gone it is said."""
    out, notes = tmp_path / "index.h5", list[str]()
    build_index(network, pictures, out)
    before = open_index(out)
    draw(pictures / "nevus", 6, seed=7)
    sample = folder_of(out) / "sample.h5"
    for lost in (damage, Path.unlink):
        computed.clear()
        lost(sample)
        build_index(network, pictures, out, on_note=notes.append)
        assert sum(computed) in (0, 6), "only what is new is measured"
        with open_index(out) as index, before:
            assert (index.filters()["q995"] == before.contents.filters["q995"]).all()
            assert (index.contents.counts == before.contents.counts).all()
            assert index.contents.sample == before.contents.sample == 9
    assert notes == []
    damage(sample)
    damage(out)
    computed.clear()
    build_index(network, pictures, out, on_note=notes.append)
    assert sum(computed) == 15
    assert ["scales" in note and "index.h5" in note for note in notes] == [True]
    build_index(network, pictures, out, on_note=notes.append)
    build_index(open_small(tmp_path, seed=6), pictures, out, on_note=notes.append)
    assert len(notes) == 1, "another network has scales of its own"


def test_other_pixels_of_the_same_files_are_other_answers(
    network: Network, pictures: Path, tmp_path: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = build_index(network, pictures, tmp_path / "index.h5")
    with open_index(out) as index:
        scales = index.filters()["q995"]
    computed.clear()
    monkeypatch.setattr("explorer.core.index.build.PREPARED", 2)
    for measured in (9, 0):
        computed.clear()
        build_index(network, pictures, out)
        assert sum(computed) == measured
    with open_index(out) as index:
        assert (index.filters()["q995"] == scales).all()


def test_what_decoding_and_preparing_make_is_what_their_number_stands_for(tmp_path: Path) -> None:
    """Whoever changes a pixel here raises `PREPARED`, and then writes the new digests down."""
    ((path),) = draw(tmp_path / "pictures", 1)
    rgb, digest = read_image(path), hashlib.sha256()
    for input in (InputSpec((20, 20)), InputSpec((20, 20), resize="shortest", resize_to=24), InputSpec((64, 64))):
        digest.update(input.crop(rgb).tobytes())
    assert (PREPARED, digest.hexdigest()[:16]) == (1, "b60c143bf2f5b549")


def test_work_that_is_ended_goes_on_where_it_was(
    network: Network, pictures: Path, tmp_path: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.core.index.build.LARGEST_BATCH", 2)
    out, options = tmp_path / "index.h5", BuildOptions(of_a_part=2)

    def stop(done: int, total: int) -> None:
        if computed and sum(computed) >= 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        build_index(network, pictures, out, options=options, on_step=stop)
    computed.clear()
    build_index(network, pictures, out, options=options)
    assert sum(computed) < 9
    with open_index(out) as index:
        check(index, network, pictures)


def test_a_picture_that_cannot_be_read_is_named_and_left_out(network: Network, pictures: Path, tmp_path: Path) -> None:
    (pictures / "nevus" / "torn.png").write_bytes((pictures / "nevus" / "0_0.png").read_bytes()[:60])
    out = build_index(network, pictures, tmp_path / "index.h5")
    with open_index(out) as index:
        assert len(index.pictures) == 9
        assert "torn.png" in index.contents.facts["unreadable"][0]
    with pytest.raises(UserError, match=r"No picture could be read.*torn\.png"):
        build_index(network, [pictures / "nevus" / "torn.png"], tmp_path / "none.h5")


def test_pictures_of_the_training_are_marked(network: Network, pictures: Path, tmp_path: Path) -> None:
    seen = hashlib.sha256((pictures / "nevus" / "0_3.png").read_bytes()).hexdigest()[:12]
    trained = dataclasses.replace(network, training={"seen": [seen]})
    out = build_index(trained, pictures, tmp_path / "index.h5")
    with open_index(out) as index:
        assert [name for name, of in zip(index.pictures, index.trained_on, strict=True) if of] == ["nevus/0_3.png"]


def test_a_filter_that_answers_no_number_spoils_no_other(pictures: Path, tmp_path: Path) -> None:
    broken = open_small(tmp_path, seed=3)
    last = dict(broken.module.named_modules())[broken.layers[-1].module]
    assert isinstance(last, torch.nn.Conv2d)
    with torch.no_grad():
        last.weight[0] = float("nan")
    with open_index(build_index(broken, pictures, tmp_path / "index.h5")) as index:
        filters = index.filters()[-broken.layers[-1].filters :]
        assert np.isnan(filters["peak"]).tolist() == [True] + [False] * (len(filters) - 1)
        assert not np.isnan([peak for _, peak in index.strongest(FilterKey(len(broken.layers) - 1, 1), 3)]).any()


def test_relevance_can_be_for_a_class_or_left_out(network: Network, pictures: Path, tmp_path: Path) -> None:
    out = build_index(network, pictures, tmp_path / "a.h5", options=BuildOptions(relevance=""))
    with open_index(out) as index:
        assert np.isnan(index.answers(FilterKey(0, 0), "relevance")).all()
    with pytest.raises(UserError, match="no class"):
        build_index(network, pictures, tmp_path / "b.h5", options=BuildOptions(relevance="class:nonsense"))
    for name in (network.classes[0], network.classes[0].upper()):
        out = build_index(network, pictures, tmp_path / "c.h5", options=BuildOptions(relevance=f"class:{name}"))
        with open_index(out) as index:
            assert np.isfinite(index.answers(FilterKey(0, 0), "relevance")).all()


def test_a_full_disk_is_an_ordinary_error(
    network: Network, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UserError, match="disk is full"):
        build_index(network, pictures, tmp_path / "index.h5")
    monkeypatch.undo()
    assert not (tmp_path / "index.h5").exists()


def test_two_processes_make_what_one_makes(pictures: Path, tmp_path: Path) -> None:
    model = save_small(tmp_path / "small.safetensors")
    network = open_network(model, device="cpu")
    alone = build_index(network, pictures, tmp_path / "alone.h5")
    places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": "2"}
    two = [building(model, pictures, tmp_path / "two.h5", places | {"RANK": str(rank)}) for rank in range(2)]
    for one in two:
        one.join(timeout=120)
        assert one.exitcode == 0
    with open_index(alone) as first, open_index(tmp_path / "two.h5") as second:
        assert first.pictures == second.pictures
        assert second.complete
        assert (first.filters()["q995"] == second.filters()["q995"]).all()
        for layer in range(len(network.layers)):
            for what in ("peak", "inside", "relevance"):
                np.testing.assert_allclose(
                    first.layer_answers(layer, what), second.layer_answers(layer, what), rtol=1e-4, atol=1e-6
                )


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("kills", [pytest.param(2), pytest.param(200, marks=pytest.mark.soak)])
def test_killed_at_any_moment_nothing_wrong_is_ever_read(pictures: Path, tmp_path: Path, kills: int) -> None:
    model, out = save_small(tmp_path / "small.safetensors"), tmp_path / "index.h5"
    network = open_network(model, device="cpu")
    draw(pictures / "nevus", 30, seed=7)
    chance = random.Random(0)
    building(model, pictures, tmp_path / "warm.h5").join(timeout=120)  # the first waits for the libraries
    start = time.monotonic()
    first = building(model, pictures, out)
    first.join(timeout=120)
    assert first.exitcode == 0
    whole = time.monotonic() - start
    lacking = False
    for kill in range(kills):
        if kill % 3 == 0:
            shutil.rmtree(folder_of(out), ignore_errors=True)
            lacking = True  # until a run lived long enough to join the parts again
        else:
            draw(pictures / "nevus", 2, seed=100 + kill % 7)
        child = building(model, pictures, out)
        time.sleep(whole * chance.uniform(0.1, 1.1))
        kill_group(child)
        try:
            with open_index(out) as index:
                assert len(index.pictures) > 0
            lacking = False
        except UserError:
            assert lacking, "its folder was not removed"
    build_index(network, pictures, out)
    with open_index(out) as index:
        assert index.complete
        check(index, network, pictures)


def test_the_command_makes_lists_and_deletes(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from explorer.cli import main

    model = save_small(tmp_path / "small.safetensors")
    words = ["index", "--model", str(model), "--images", str(pictures), "--device", "cpu"]
    home = ["--data", str(tmp_path / "home")]
    assert main([*words, "--kept", *home, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == told["asked"] == 9
    assert open_index(told["path"]).given[0] == "melanoma"
    assert main(["index", "--list", *home, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)["indexes"]
    assert [one["pictures"] for one in kept] == [9]
    assert kept[0]["bytes"] > 0
    assert main(["index", "--delete", kept[0]["name"], *home]) == 0
    assert main(["index", "--list", *home]) == 0
    assert "No index is kept" in capsys.readouterr().out
    assert main(["index", "--delete", "none", *home]) == 1
    assert main([*words, "--out", str(tmp_path / "own.h5"), "--relevance", "none"]) == 0
    (tmp_path / "classes.csv").write_text("image,label\nnobody,nv\n")
    capsys.readouterr()
    table = ["--labels", str(tmp_path / "classes.csv"), "--out", str(tmp_path / "own.h5"), "--relevance", "none"]
    assert main([*words, *table]) == 0
    assert "1 name in the table without a picture here (the first: nobody)." in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(words)


def test_a_picture_that_is_given_twice_counts_once(pictures: Path, tmp_path: Path) -> None:
    network = open_network(save_small(tmp_path / "small.safetensors"), device="cpu")
    given = [path for path in sorted(pictures.rglob("*.*")) if path.stem != "torn"][:3]
    again = [path.parent / ".." / path.parent.name / path.name for path in given]
    build_index(network, [*given, *again, given[0]], tmp_path / "twice.h5")
    with open_index(tmp_path / "twice.h5") as index:
        assert len(index.pictures) == len(set(index.pictures)) == len(given)
