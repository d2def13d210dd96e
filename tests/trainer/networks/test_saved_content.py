"""Whatever a training script saved around the weights: they are found, and chosen where there are several."""

import argparse
import json
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from explorer.core.network.opening import open_network
from tests.networks import SMALL
from trainer.files.errors import UserError
from trainer.networks.architectures import ScratchCNN
from trainer.networks.candidate import OpeningQuestion
from trainer.networks.dotless_averages import with_dots
from trainer.networks.saved_content import chosen
from trainer.networks.weight_files import read_weights


def state(seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return ScratchCNN(2, **SMALL).state_dict()


def saved(path: Path, value: object) -> Path:
    torch.save(value, path)
    return path


KEYS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).filter(
    lambda key: "optim" not in key.lower()
)


@settings(max_examples=20)
@given(keys=st.lists(KEYS, min_size=1, max_size=3, unique=True), moments=st.booleans())
def test_the_only_network_is_taken_whatever_its_keys_are_called(keys: list[str], moments: bool) -> None:
    weights = {"conv.weight": torch.zeros(2, 3, 3, 3), "conv.bias": torch.zeros(2)}
    found: object = weights
    for key in keys:
        found = {"epoch": 3, key: found}
    assert isinstance(found, dict)
    if moments:
        found["optimizer"] = {"state": {0: {"exp_avg": torch.zeros(2, 3, 3, 3)}}, "moments": dict(weights)}
    assert chosen(found, "net.pt", None, "--key").tensors.keys() == weights.keys()


@pytest.mark.parametrize("average", ["state_dict_ema", "ema_state_dict", "model_ema"])
def test_an_average_beside_the_raw_weights_is_asked_about(average: str, tmp_path: Path) -> None:
    raw, smooth = state(0), state(1)
    path = saved(tmp_path / "net.pt", {"state_dict": raw, average: smooth})
    with pytest.raises(OpeningQuestion) as caught:
        open_network(path, device="cpu")
    assert caught.value.about == "key"
    assert caught.value.choices == ("state_dict", average)
    assert "--key" in str(caught.value)
    opened = [open_network(path, device="cpu", key=key) for key in caught.value.choices]
    assert opened[0].digest != opened[1].digest
    assert opened[1].digest == open_network(saved(tmp_path / "e.pt", smooth), device="cpu").digest
    with pytest.raises(OpeningQuestion, match="none under"):
        open_network(path, device="cpu", key="unheard")


def test_the_same_weights_under_two_keys_are_one_network(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", {"state_dict": state(), "best": state()})
    assert open_network(path, device="cpu").architecture == "scratch_cnn"


def test_two_networks_under_two_prefixes_are_asked_about(tmp_path: Path) -> None:
    both = {
        f"{word}.{name}": one for word, seed in (("student", 0), ("teacher", 1)) for name, one in state(seed).items()
    }
    path = saved(tmp_path / "net.ckpt", {"state_dict": both})
    with pytest.raises(OpeningQuestion) as caught:
        open_network(path, device="cpu")
    assert (caught.value.about, caught.value.choices) == ("key", ("student", "teacher"))
    found = open_network(path, device="cpu", key="teacher")
    assert found.digest == open_network(saved(tmp_path / "t.pt", state(1)), device="cpu").digest
    assert "under student, which was not opened" in " ".join(found.assumed)
    with pytest.raises(OpeningQuestion, match="begin with student, teacher"):
        open_network(path, device="cpu", key="unheard")


def test_averages_without_names_are_said(tmp_path: Path) -> None:
    value = {"state_dict": state(), "ema": {"decay": 0.99, "shadow_params": [torch.zeros(2)]}}
    assert "shadow_params" in " ".join(read_weights(saved(tmp_path / "net.pt", value)).notes)


def test_a_set_of_tensors_that_is_no_network_is_named(tmp_path: Path) -> None:
    value = {"state_dict": state(), "criterion": {"weight": torch.ones(2)}}
    assert "criterion" in " ".join(read_weights(saved(tmp_path / "net.pt", value)).notes)


@pytest.mark.filterwarnings("ignore:.*quantize")
def test_quantised_weights_are_named_and_those_of_before_open(tmp_path: Path) -> None:
    whole = state()
    small = {name: torch.quantize_per_tensor(one, 0.1, 0, torch.qint8) for name, one in whole.items() if one.dim() == 4}
    with pytest.raises(UserError, match="before it was quantised"):
        open_network(saved(tmp_path / "q.pt", {**whole, **small}), device="cpu")
    assert open_network(saved(tmp_path / "net.pt", whole), device="cpu").layers


@pytest.mark.parametrize("by", ["folder", "index", "part"])
@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_weights_in_several_parts_open_as_one(kind: str, by: str, tmp_path: Path) -> None:
    weights, folder = state(), tmp_path / "net"
    folder.mkdir()
    stem = "model" if kind == "safetensors" else "pytorch_model"
    names, where = list(weights), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = folder / f"{stem}-{number:05}-of-00002.{kind}"
        (save_file if kind == "safetensors" else torch.save)({name: weights[name] for name in part}, file)
        where |= dict.fromkeys(part, file.name)
    index = folder / f"{stem}.{kind}.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    path = {"folder": folder, "index": index, "part": folder / f"{stem}-00001-of-00002.{kind}"}[by]
    assert (
        open_network(path, device="cpu").digest
        == open_network(saved(tmp_path / "one.pt", weights), device="cpu").digest
    )
    (folder / f"{stem}-00002-of-00002.{kind}").unlink()
    with pytest.raises(UserError, match="is not beside it"):
        open_network(path, device="cpu")


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/passwd", "a/b.safetensors", ".hidden", 3])
def test_an_index_names_files_beside_it_only(name: object, tmp_path: Path) -> None:
    save_file(state(), tmp_path / "other.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"features.0.weight": name}}))
    with pytest.raises(UserError, match="does not name the files"):
        read_weights(index)


@pytest.mark.parametrize(
    ("extras", "names"),
    [
        ({"labels": ["benign", "malignant"]}, True),
        ({"id2label": {0: "benign", 1: "malignant"}}, True),
        ({"label2id": {"malignant": 1, "benign": 0}}, True),
        ({"hyper_parameters": {"class_names": ["benign", "malignant"], "lr": 0.1}}, True),
        ({"config": {"data": {"classes": ("benign", "malignant")}}}, True),
        ({"args": argparse.Namespace(classNames=["benign", "malignant"])}, True),
        ({"hyper_parameters": {"num_classes": 2}}, False),
    ],
)
def test_class_names_are_read_wherever_they_stand(extras: dict[str, object], names: bool, tmp_path: Path) -> None:
    found = open_network(saved(tmp_path / "net.pt", {"state_dict": state(), **extras}), device="cpu")
    assert found.classes == (("benign", "malignant") if names else ("class 0", "class 1"))


@pytest.mark.parametrize(
    ("extras", "mean", "std"),
    [
        ({"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]}, (0.5, 0.4, 0.3), (0.2, 0.2, 0.2)),
        ({"args": argparse.Namespace(mean=(0.5,) * 3, std=(0.25,) * 3)}, (0.5,) * 3, (0.25,) * 3),
        ({"pretrained_cfg": {"mean": (0.5,) * 3, "std": (0.25,) * 3}}, (0.5,) * 3, (0.25,) * 3),
        ({"image_mean": torch.full((3,), 127.5), "image_std": torch.full((3,), 51.0)}, (0.5,) * 3, (0.2,) * 3),
        ({"mean": [0.5] * 3}, (0.0,) * 3, (1.0,) * 3),
        ({"mean": [0.5] * 3, "std": [0.0] * 3}, (0.0,) * 3, (1.0,) * 3),
        ({"mean": 3, "std": "x"}, (0.0,) * 3, (1.0,) * 3),
    ],
)
def test_the_values_of_the_input_are_read(
    extras: dict[str, object], mean: tuple[float, ...], std: tuple[float, ...], tmp_path: Path
) -> None:
    found = open_network(saved(tmp_path / "net.pt", {"state_dict": state(), **extras}), device="cpu")
    assert found.input.mean == pytest.approx(mean)
    assert found.input.std == pytest.approx(std)
    assert found.input.size == (32, 32)
    assert ("was taken from" in " ".join(found.assumed)) == (mean != (0.0,) * 3)


@pytest.mark.parametrize("size", [64, [64, 64], (3, 64, 64), [64, 64, 3]])
def test_the_size_of_the_input_is_read(size: object, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "def make(): return nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
    )
    weights = {"0.weight": torch.zeros(2, 3, 3, 3), "0.bias": torch.zeros(2)}
    path = saved(tmp_path / "net.pt", {"state_dict": weights, "hparams": {"img_size": size}})
    found = open_network(path, architecture=f"{tmp_path / 'own.py'}:make", device="cpu")
    assert found.input.size == (64, 64)
    assert "hparams.img_size" in " ".join(found.assumed)


def test_a_list_or_a_pair_is_looked_into(tmp_path: Path) -> None:
    assert read_weights(saved(tmp_path / "pair.pt", (state(), {"classes": ["a", "b"]}))).said.classes == ("a", "b")
    with pytest.raises(OpeningQuestion) as caught:
        read_weights(saved(tmp_path / "two.pt", [state(0), state(1)]))
    assert caught.value.choices == ("0", "1")
    with pytest.raises(UserError, match="holds one list"):
        read_weights(saved(tmp_path / "list.pt", [1, 2]))


@pytest.mark.parametrize("counters", [True, False])
def test_an_average_whose_names_lost_their_dots_is_asked_about(counters: bool, tmp_path: Path) -> None:
    raw = {f"model.{name}": tensor for name, tensor in state().items()}
    average = {f"model_ema.{name.replace('.', '')}": tensor for name, tensor in state(1).items()}
    beside = {"model_ema.decay": torch.tensor(0.999), "model_ema.num_updates": torch.tensor(9)} if counters else {}
    path = saved(tmp_path / "net.pt", raw | average | beside)
    with pytest.raises(OpeningQuestion) as caught:
        open_network(path, device="cpu")
    assert caught.value.about == "key"
    assert caught.value.choices == ("model", "model_ema")
    opened = {key: open_network(path, device="cpu", key=key) for key in caught.value.choices}
    for key, seed in (("model", 0), ("model_ema", 1)):
        alone = open_network(saved(tmp_path / f"{seed}.pt", state(seed)), device="cpu")
        assert opened[key].digest == alone.digest


def test_an_average_without_statistics_has_those_of_the_raw_weights() -> None:
    raw = {"conv.weight": torch.zeros(2, 3, 1, 1), "bn.weight": torch.zeros(2), "bn.running_mean": torch.zeros(2)}
    average = {"ema.convweight": torch.ones(2, 3, 1, 1), "ema.bnweight": torch.ones(2), "ema.decay": torch.ones(1)}
    renamed = with_dots({**{f"net.{name}": one for name, one in raw.items()}, **average})
    assert set(renamed) == {f"{word}.{name}" for word in ("net", "ema") for name in raw}
    assert renamed["ema.bn.weight"].sum() == 2
    assert renamed["ema.bn.running_mean"].sum() == 0
    assert set(with_dots({**raw, **average})) == {f"{word}{name}" for word in ("", "ema.") for name in raw}
    other = {"net.conv.weight": torch.zeros(2, 3, 1, 1), "ema.convweight": torch.ones(2, 3, 2, 2)}
    assert with_dots(other) == other


@pytest.mark.parametrize("whole", [True, False])
def test_weights_as_arrays_of_numpy_have_a_way_out_that_opens(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not whole:  # as a network's of 44 MB, whose arrays alone are more than a pickle may hold
        monkeypatch.setattr("trainer.networks.torch_file.LARGEST_PICKLE", 1000)
    path, written = (
        saved(tmp_path / "net.pth", {name: one.numpy() for name, one in state().items()}),
        tmp_path / "new.pt",
    )
    with pytest.raises(UserError, match=r"net\.pth .*arrays of NumPy are not read as weights") as caught:
        read_weights(path)
    assert "unpack it first" not in str(caught.value)
    monkeypatch.undo()
    line = re.search(r"torch\.save\(.*NEW_PATH\)", str(caught.value))
    assert line is not None
    exec(line[0], {"torch": torch, "PATH": path, "NEW_PATH": written})
    assert torch.equal(read_weights(written).tensors["features.0.weight"], state()["features.0.weight"])


@pytest.mark.parametrize("opens", ["model", "ema_model"])
def test_of_two_copies_the_other_is_no_part_of_what_was_trained(opens: str, tmp_path: Path) -> None:
    both = {
        f"{key}.{name}": one for seed, key in enumerate(("model", "ema_model")) for name, one in state(seed).items()
    }
    both |= {"criterion.weight": torch.ones(2)}
    path = saved(tmp_path / "both.ckpt", {"state_dict": both})
    said = " ".join(open_network(path, device="cpu", key=opens).assumed)
    other = {"model": "ema_model", "ema_model": "model"}[opens]
    assert f"the same network with other weights too, under {other}, which was not opened" in said
    assert "more parts than this network" not in said
    assert "1 tensor in the file is none of the network's and set aside: criterion.weight." in said
