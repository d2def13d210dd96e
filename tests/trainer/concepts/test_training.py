"""From pictures and masks to a network that finds, by the command."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from trainer.cli import main
from trainer.concepts.batches import CHANCES, UPWARDS, as_elsewhere, make_batch
from trainer.concepts.drawn_layers import draw_all
from trainer.concepts.evaluation import drawn_rows, real_rows
from trainer.concepts.finding import by_network, load_network, one_piece, outlined
from trainer.concepts.loss import DOUBTED, STRONGEST, WEIGHT_IN_DOUBT, loss_of
from trainer.concepts.network import FOUND, ConceptNetwork, hats
from trainer.concepts.pictures import Pictures, is_held_out, is_validated, read_pictures, read_seen
from trainer.concepts.train import Settings, mean_network, train_network
from trainer.concepts.words import ARTIFACTS
from trainer.files.errors import UserError
from trainer.synthetic import draw
from trainer.synthetic.kinds import TEACHING
from trainer.synthetic.picture import encoded


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("concepts")
    for name in ("images", "masks"):
        (root / name).mkdir()
    for seed in range(5):
        picture = draw(seed, size=96)
        (root / "images" / f"p{seed}.png").write_bytes(encoded(picture.rgb, "PNG"))
        (root / "masks" / f"p{seed}_segmentation.png").write_bytes(encoded(picture.masks["lesion"], "PNG"))
    (root / "seen.csv").write_text("image,hair,ruler\np0,1,0\np1,0,\n", "utf-8")
    (root / "kept.csv").write_text("image_id,hair_1,hair_2,ink_1,ink_2\np3,1,1,0,0\np4,0,0,1,0.5\n", "utf-8")
    return root


def test_the_network_is_small():
    assert sum(value.numel() for value in ConceptNetwork().parameters()) <= 500_000


def test_what_was_seen_is_read_from_one_or_two_readings(folders, tmp_path):
    assert read_seen(folders / "seen.csv") == {"p0": [1, 0, -1, -1, -1, -1, -1], "p1": [0, -1, -1, -1, -1, -1, -1]}
    assert read_seen(folders / "kept.csv") == {"p3": [1, -1, -1, -1, 0, -1, -1], "p4": [0, -1, -1, -1, -1, -1, -1]}
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(UserError, match=r"other\.csv is no table"):
        read_seen(tmp_path / "other.csv")


@pytest.mark.parametrize("flag", ["--seen", "--held-out"])
def test_a_table_with_bad_quotes_is_no_failure_of_the_program(folders, tmp_path, capsys, flag):
    (tmp_path / "quotes.csv").write_text('image,hair\np0,1\n"p1"x,0\n', "utf-8")
    words = ["train-concepts", "--images", str(folders / "images"), "--masks", str(folders / "masks")]
    assert main([*words, flag, str(tmp_path / "quotes.csv"), "--out", str(tmp_path / "net.safetensors")]) == 1
    said = capsys.readouterr().err
    assert "quotes.csv is no table of pictures and artifacts: line 3" in said
    assert "something in the program failed" not in said


def test_one_picture_in_ten_is_kept_from_training_unless_it_was_looked_at():
    names = [f"isic_{number}" for number in range(2000)]
    for kept in (is_held_out, is_validated):
        assert 0.08 < sum(kept(name, False) for name in names) / len(names) < 0.12
        assert not any(kept(name, True) for name in names)
    assert not any(is_held_out(name, False) and is_validated(name, False) for name in names)


def test_a_batch_has_exact_masks_and_nothing_under_a_sticker(folders):
    source = read_pictures(folders / "images", folders / "masks", {}, lambda name: True, 96)
    layers = draw_all(TEACHING, 1, 0, 96)
    rng = np.random.default_rng(0)
    batches = [make_batch(source, list(range(5)), layers, rng, 96) for _ in range(6)]
    for batch in batches:
        assert batch.pictures.shape == (5, 3, 96, 96)
        assert batch.targets.shape == (5, 8, 96, 96)
        assert 0 <= batch.pictures.min() <= batch.pictures.max() <= 1
        covered = batch.targets[:, [FOUND.index("patch"), FOUND.index("corner")]].amax(1)
        assert not ((covered > 0) & (batch.targets[:, 0] > 0)).any()
    drawn = torch.cat([batch.targets for batch in batches]).flatten(2).any(2)
    assert drawn.any(0).all()
    assert set(CHANCES) == set(UPWARDS) == set(STRONGEST) == set(WEIGHT_IN_DOUBT) == set(ARTIFACTS)


def test_pictures_as_of_other_cameras_show_lesions_of_other_sizes_in_other_places(folders):
    one = read_pictures(folders / "images", folders / "masks", {}, lambda name: name == "p0", 96)
    source = Pictures(one.names * 20, *(values.repeat_interleave(20, 0) for values in (one.rgb, one.lesion, one.said)))
    changed = as_elsewhere(source, 3)
    assert torch.equal(as_elsewhere(source, 3).rgb, changed.rgb)
    assert {*changed.names} <= {*source.names}
    assert (changed.lesion.float().mean(dim=(1, 2)) > 0).all()
    shares = changed.lesion.float().mean(dim=(1, 2))
    assert shares.max() > 3 * shares.min()
    centres = torch.stack([lesion.nonzero().float().mean(dim=0) for lesion in changed.lesion])
    assert (centres.std(dim=0) > 96 / 12).all()
    empty = replace(source, lesion=torch.zeros_like(source.lesion))
    assert len(as_elsewhere(empty, 3)) == 0


def test_hats_are_those_of_squares():
    light = torch.rand(2, 1, 33, 40)

    def widest(values: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(values, 9, 1, 4)

    dark, pale = hats(light.expand(-1, 3, -1, -1))
    assert torch.allclose(dark, -widest(-widest(light)) - light, atol=1e-6)
    assert torch.allclose(pale, light - widest(-widest(-light)), atol=1e-6)


def test_what_nobody_looked_at_does_not_teach_to_look_away(folders):
    source = read_pictures(folders / "images", folders / "masks", {"p1": [0] * 7}, lambda name: True, 96)
    layers = draw_all(TEACHING, 1, 0, 96)
    batch = make_batch(source, [0, 1], layers, np.random.default_rng(1), 96)
    batch.targets.zero_()
    hair = FOUND.index("hair")
    logits = torch.zeros(2, 8, 96, 96, requires_grad=True)
    assert torch.sigmoid(logits).max() > DOUBTED
    loss_of(logits, batch).backward()
    assert (logits.grad[0, hair] == 0).all()
    assert (logits.grad[1, hair] > 0).all()


def test_the_command_trains_and_measures_a_network(folders, tmp_path, capsys):
    out = tmp_path / "net.safetensors"
    words = ["train-concepts", "--images", str(folders / "images"), "--masks", str(folders / "masks")]
    words += ["--seen", str(folders / "seen.csv"), "--held-out", str(folders / "kept.csv")]
    assert main([*words, "--epochs", "1", "--each", "1", "--out", str(out)]) == 0
    assert "3 pictures to learn from, 2 of them looked at" in capsys.readouterr().out
    assert out.stat().st_size < 1_100_000
    network = load_network(out)
    rgb = np.zeros((64, 96, 3), np.uint8)
    maps = by_network(rgb, network)
    assert tuple(maps) == FOUND
    assert all(map.shape == (64, 96) and 0 <= map.min() <= map.max() <= 1 for map in maps.values())

    mean = tmp_path / "mean.safetensors"
    assert main([*words, "--begin", str(out), str(out), "--epochs", "0", "--out", str(mean)]) == 0
    assert all(
        torch.equal(weight, network.state_dict()[name]) for name, weight in load_network(mean).state_dict().items()
    )

    table = tmp_path / "measured.csv"
    assert main([*words, "--evaluate", str(out), "--each", "1", "--out", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert {row["concept"] for row in rows} == {"lesion", *ARTIFACTS}
    assert [row["over"] for row in rows if row["figure"] == "Dice, median"] == ["2 pictures"] * 2
    assert [row["over"] for row in rows if row["figure"] == "is there any, AUC"] == ["1 with, 1 without"] * 3


def test_other_processes_make_the_same_batches_and_the_average_is_not_the_last_step_s(folders):
    source = read_pictures(folders / "images", folders / "masks", {"p0": [1] * len(ARTIFACTS)}, lambda name: True, 96)
    settings = Settings(epochs=2, batch=3, each=1, small=32, whole=0, rate=1e-2)

    def weights(settings: Settings, processes: int = 0) -> torch.Tensor:
        network = train_network(source, settings, lambda *said: None, processes=processes)
        return torch.cat([weight.detach().flatten() for weight in network.parameters()])

    last = weights(settings)
    assert torch.equal(weights(settings, processes=2), last)
    torch.manual_seed(settings.seed)
    begun = torch.cat([weight.detach().flatten() for weight in ConceptNetwork().parameters()])
    average = weights(replace(settings, average=0.9))
    assert 0 < (average - begun).norm() < (last - begun).norm()


def test_a_mean_network_lies_between_those_it_is_made_of():
    networks = [ConceptNetwork(), ConceptNetwork()]
    mean = mean_network(networks).state_dict()
    for name in ("mix.weight", "down.0.1.running_var"):
        one, other = (network.state_dict()[name] for network in networks)
        assert torch.allclose(mean[name], (one + other) / 2)


def test_a_tenth_is_kept_to_choose_by_and_measured_alone(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("trainer.concepts.pictures.is_validated", lambda name, seen: name in ("p1", "p2"))
    words = ["train-concepts", "--images", str(folders / "images"), "--masks", str(folders / "masks"), "--validate"]
    words += ["--held-out", str(folders / "kept.csv")]
    out, table = tmp_path / "net.safetensors", tmp_path / "measured.csv"
    settings = ["--wide", "1", "--lesion", "2", "--precision", "bfloat16"]
    assert main([*words, *settings, "--epochs", "1", "--each", "1", "--out", str(out)]) == 0
    assert "1 pictures to learn from" in capsys.readouterr().out
    assert main([*words, "--evaluate", str(out), "--out", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    assert {row["concept"] for row in rows} == {"lesion"}
    assert {row["over"] for row in rows} == {"2 pictures", "2 changed pictures"}


def test_an_artifact_that_every_picture_looked_at_has_is_measured_by_no_area(folders, recwarn):
    """scikit-learn has no area under a ROC of one class: the others keep theirs."""
    source = read_pictures(folders / "images", folders / "masks", {}, lambda name: name in ("p0", "p1"), 64)
    said = torch.full((2, len(ARTIFACTS)), -1)
    hair, ruler, ink = (ARTIFACTS.index(name) for name in ("hair", "ruler", "ink"))
    said[:, hair], said[:, ruler], said[:, ink] = 1, 0, torch.tensor([1, 0])
    rows = list(real_rows(replace(source, said=said), ConceptNetwork().eval()))
    assert {row.concept for row in rows} == {"ink"}
    assert all(0 <= row.value <= 1 for row in rows)
    assert not recwarn.list


def test_what_could_be_drawn_nowhere_is_not_measured(folders, recwarn):
    source = read_pictures(folders / "images", folders / "masks", {}, lambda name: name == "p0", 64)
    layers = draw_all(TEACHING, 1, 0, 64)

    class Nowhere:
        def lay(self, picture, rng):
            return picture, torch.zeros(picture.shape[1:], dtype=torch.bool)

    rows = list(drawn_rows(source, {**layers, "hair": Nowhere()}, ConceptNetwork().eval(), 0))
    measured = {row.concept for row in rows}
    assert "hair" not in measured
    assert "ruler" in measured
    assert np.isfinite([row.value for row in rows]).all()
    assert not recwarn.list


def test_a_network_of_something_else_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(UserError, match="no network that finds concepts"):
        load_network(tmp_path / "x.safetensors")


def test_a_faint_lesion_is_cut_lower_than_a_clear_one_and_skin_is_none():
    away = np.hypot(*(np.mgrid[:80, :80] - 40))
    slope = np.clip((30 - away) / 20, 0, 1).astype(np.float32)  # 1 within 10 pixels, 0 from 30 on
    clear, faint = (outlined(slope * top) >= 0.5 for top in (np.float32(1.0), np.float32(0.75)))
    assert 0.9 < faint.sum() / clear.sum() < 1.1
    assert (slope >= 0.5).sum() > clear.sum()  # more than half of the surest
    assert outlined(slope * np.float32(0.3)).max() < 0.5


def test_a_lesion_is_one_piece_without_holes():
    soft = np.zeros((60, 60), np.float32)
    soft[10:40, 10:40] = 0.9
    soft[20:25, 20:25] = 0.1
    soft[50:55, 50:58] = 0.8
    found = one_piece(soft)
    assert (found[10:40, 10:40] >= 0.5).all()
    assert found[45:].max() < 0.5
    assert found[44:].max() == 0  # of another piece nothing is left, however likely it is
    assert one_piece(np.full((9, 9), 0.2, np.float32)).max() < 0.5
    assert one_piece(np.pad(np.ones((2, 2), np.float32), 8)).max() < 0.5
