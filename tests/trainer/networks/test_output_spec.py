"""What a network answers is read as what it is, or asked about; and another reading is another network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.maps.activations import predict, record
from explorer.core.network.opening import Network, OpeningQuestion, open_network
from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec
from trainer.networks.output_spec import MEANINGS, OutputSpec

CODE = """
import torch
from torch import nn

class A(nn.Module):
    def __init__(self, classes=2):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.h = nn.Linear(8, classes)
    def forward(self, x):
        return self.h(self.f(x).flatten(1))

class Soft(A):
    def forward(self, x): return super().forward(x).softmax(1)
class Sigmoids(A):
    def forward(self, x): return super().forward(x).sigmoid()
class Tup(A):
    def forward(self, x): y = self.f(x).flatten(1); return y, self.h(y)
class Map(A):
    def forward(self, x): y = self.f[:2](x); return y, self.h(y.mean((2, 3)))
class Odd(A):
    def forward(self, x): y = self.f(x).flatten(1); return {"features": y, "prediction": self.h(y)}
class Unsteady(A):
    def forward(self, x): return nn.functional.dropout(super().forward(x), 0.5)
class Squeezed(A):
    def forward(self, x): return super().forward(x).squeeze()
class Auxiliary(A):
    def forward(self, x): y = super().forward(x); return y, y * 2
class One(A):
    def __init__(self): super().__init__(1)
class OneSigmoid(One):
    def forward(self, x): return super().forward(x).sigmoid()
class Two(A):
    def forward(self, x, meta): return super().forward(x) + meta
class Mean(Two):
    def forward(self, x): return super().forward(x, 0.5)
class Cuda(A):
    def forward(self, x): return super().forward(x.cuda())
class Mended(A):
    def forward(self, x): return super().forward(x.to(next(self.parameters()).device))
class Never(A):
    def forward(self, x): raise ValueError("never")
"""
SPEC = InputSpec((16, 16), resize_to=16)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(CODE)
    torch.manual_seed(1)
    body = {"f.0.weight": torch.randn(8, 3, 3, 3), "f.0.bias": torch.zeros(8)}
    for name, classes in (("two.pt", 2), ("one.pt", 1)):
        ends = {"h.weight": torch.randn(classes, 8), "h.bias": torch.full((classes,), -0.5)}
        torch.save({**body, **ends}, tmp_path / name)
    return tmp_path


def opened(own: Path, kind: str, **options: object) -> Network:
    file = own / ("one.pt" if kind.startswith("One") else "two.pt")
    given = {"input": SPEC, "device": "cpu", **options}
    return open_network(file, architecture=f"{own / 'own.py'}:{kind}", **given)


PICTURE = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)


@pytest.mark.parametrize(("kind", "plain"), [("Soft", "A"), ("OneSigmoid", "One")])
def test_probabilities_inside_are_shown_as_they_are(kind: str, plain: str, own: Path) -> None:
    inside, outside = opened(own, kind), opened(own, plain)
    assert predict(inside, PICTURE) == pytest.approx(predict(outside, PICTURE), abs=1e-5)
    assert record(inside, PICTURE).probabilities == pytest.approx(predict(outside, PICTURE), abs=1e-5)
    assert "probabilities already" in " ".join(inside.assumed)
    assert inside.output.meaning == "probabilities"
    assert outside.output == OutputSpec(pair=plain == "One")
    assert not any("probabilities" in sentence for sentence in outside.assumed)


def test_classes_that_do_not_sum_to_one_are_independent(own: Path) -> None:
    inside = opened(own, "Sigmoids")
    with torch.inference_mode():
        logits = opened(own, "A").logits(SPEC.prepare(PICTURE)[None])[0]
    assert inside.output.meaning == "independent-probabilities"
    assert predict(inside, PICTURE) == pytest.approx(logits.sigmoid().numpy(), abs=1e-5)
    assert predict(opened(own, "A", outputs=OutputSpec.parse("independent-logits")), PICTURE) == pytest.approx(
        logits.sigmoid().numpy(), abs=1e-5
    )


def test_another_reading_of_the_same_weights_is_another_network(own: Path) -> None:
    found = [opened(own, "Soft", outputs=OutputSpec(meaning=meaning)) for meaning in MEANINGS]
    assert len({network.digest for network in found}) == 1
    assert len({network.identity for network in found}) == len(MEANINGS)
    assert opened(own, "Soft").identity == found[MEANINGS.index("probabilities")].identity
    assert found[1].copy().identity == found[1].identity


@pytest.mark.parametrize("kind", ["Soft", "Tup", "Odd"])
def test_occlusion_and_the_pass_agree_whatever_the_module_answers(kind: str, own: Path) -> None:
    network = opened(own, kind, classes=["a", "b"])
    found = occlude(network, PICTURE, "probability:b", Occluder(4, 4, 0.0))
    assert found.unoccluded == pytest.approx(predict(network, PICTURE)[1], abs=1e-5)
    assert found.method.startswith("incremental")


@pytest.mark.parametrize(("kind", "take"), [("Tup", "1"), ("Odd", "prediction"), ("Map", "1")])
def test_scores_among_several_answers_are_found_by_the_class_names_and_said(kind: str, take: str, own: Path) -> None:
    network = opened(own, kind, classes=["a", "b"])
    assert network.output.take == take
    assert f'"{take}" was taken' in " ".join(network.assumed)
    assert predict(network, PICTURE) == pytest.approx(predict(opened(own, "A"), PICTURE), abs=1e-6)


@pytest.mark.parametrize(("kind", "choices"), [("Tup", ("0", "1")), ("Auxiliary", ("0", "1"))])
def test_scores_that_nobody_can_tell_are_asked_about(kind: str, choices: tuple[str, ...], own: Path) -> None:
    with pytest.raises(OpeningQuestion) as caught:
        opened(own, kind)
    assert (caught.value.about, caught.value.choices) == ("outputs", choices)
    assert "--outputs" in str(caught.value)
    assert len(opened(own, kind, outputs=OutputSpec.parse("1")).classes) == 2
    with pytest.raises(UserError, match="holds 0, 1"):
        opened(own, kind, outputs=OutputSpec.parse("7"))


def test_one_row_without_its_first_axis_is_one_row(own: Path) -> None:
    assert predict(opened(own, "Squeezed"), PICTURE) == pytest.approx(predict(opened(own, "A"), PICTURE))


def test_one_output_is_said_and_may_stand_for_two_classes(own: Path) -> None:
    alone, pair = opened(own, "One", classes=["malignant"]), opened(own, "One", classes=["benign", "malignant"])
    (probability,) = predict(alone, PICTURE)
    assert predict(pair, PICTURE) == pytest.approx([1 - probability, probability], abs=1e-6)
    assert "one output" in " ".join(alone.assumed)
    assert '"malignant", the second' in " ".join(pair.assumed)
    assert alone.identity != pair.identity
    unnamed = opened(own, "One")
    assert unnamed.classes == ("negative", "positive")
    assert predict(unnamed, PICTURE) == pytest.approx([1 - probability, probability], abs=1e-6)
    assert "one output" in " ".join(unnamed.assumed)


@pytest.mark.parametrize(
    ("kind", "words", "mended"),
    [("Two", r"takes 2 inputs \(x, meta\)", "Mean"), ("Cuda", "to a GPU by itself", "Mended")],
)
@pytest.mark.parametrize("spec", [SPEC, None])
def test_what_no_other_size_would_mend_does_not_propose_one(
    kind: str, words: str, mended: str, spec: InputSpec | None, own: Path
) -> None:
    if kind == "Cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU here, to which the code may move things")
    with pytest.raises(UserError, match=words) as caught:
        opened(own, kind, input=spec)
    assert "--input" not in str(caught.value)
    assert opened(own, mended, input=spec).layers


def test_a_module_that_never_runs_is_told_its_error_and_no_size(own: Path) -> None:
    for spec in (SPEC, None):
        with pytest.raises(UserError, match="never") as caught:
            opened(own, "Never", input=spec)
        assert "--input" not in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", ":", ":logits"])
def test_a_reading_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--outputs"):
        OutputSpec.parse(text)


def test_readings_are_written_as_they_are_read() -> None:
    for text in ("logits", "probabilities", "1:probabilities", "features:logits", "independent-logits"):
        assert OutputSpec.parse(text).text == text
    assert OutputSpec.parse("1") == OutputSpec("1", "")


def test_a_network_that_answers_differently_each_time_is_said_to(own: Path) -> None:
    assert "answers differently each time" in opened(own, "Unsteady").assumed[0]
    assert not any("differently" in said for kind in ("A", "Soft", "One") for said in opened(own, kind).assumed)


def test_a_chosen_part_that_is_probabilities_is_found_to_be(own: Path) -> None:
    (own / "own.py").write_text(
        CODE + "\nclass Both(A):\n    def forward(self, x):\n        y = self.f(x).flatten(1)\n"
        "        return y, self.h(y).softmax(1)\n"
    )
    assert opened(own, "Both", outputs=OutputSpec.parse("1")).output == OutputSpec("1", "probabilities")
    assert opened(own, "Both", outputs=OutputSpec.parse("1:logits")).output == OutputSpec("1", "logits")


def test_what_a_layer_sums_up_last_are_logits_however_small(own: Path) -> None:
    """A norm of each picture keeps them within [0, 1] on every picture; their gradients tell what they are."""
    (own / "own.py").write_text(
        CODE + "\nclass Calm(A):\n    def forward(self, x):\n"
        "        x = nn.functional.instance_norm(self.f[0](x)).relu().mean((2, 3))\n"
        "        return (self.h(x) / 1e4 + torch.tensor([0.3, 0.6]))\n"
        "class Grouped(A):\n    def forward(self, x): return super().forward(x).softmax(1) @ torch.eye(2)\n"
        "class Averaged(A):\n    def forward(self, x):\n"
        "        y = super().forward(x)\n        return (y.softmax(1) + super().forward(x.flip(3)).softmax(1)) / 2\n"
    )
    calm = opened(own, "Calm")
    assert calm.output == OutputSpec()
    assert not any("probabilities" in said for said in calm.assumed)
    for kind in ("Grouped", "Averaged"):
        assert opened(own, kind).output == OutputSpec("", "probabilities")


MIXED = """
class Sliced(A):
    def forward(self, x): return super().forward(x).softmax(1)[:, :] @ torch.eye(2)
class Merged(A):
    def forward(self, x):
        y = super().forward(x)
        return torch.einsum("nk,kc->nc", torch.cat([y, -y], 1).softmax(1), torch.eye(2).repeat(2, 1))
class Experts(A):
    def forward(self, x):
        y = super().forward(x)
        return torch.einsum("ne,nec->nc", self.f(x).flatten(1)[:, :2].softmax(1), torch.stack([y, -y], 1).softmax(2))
class Twice(A):
    def forward(self, x): return (super().forward(x).softmax(1).unsqueeze(1) @ torch.eye(2) @ torch.eye(2)).squeeze(1)
class Weighed(A):
    def forward(self, x): return super().forward(x).sigmoid().float()[:, :] @ (torch.eye(2) / 2)
"""


@pytest.mark.parametrize("kind", ["Sliced", "Merged", "Experts", "Twice", "Weighed"])
def test_probabilities_that_a_product_sums_up_last_stay_probabilities(kind: str, own: Path) -> None:
    """However they were laid out for the product: einsum, slices and merging to larger classes all do so."""
    (own / "own.py").write_text(CODE + MIXED)
    found = opened(own, kind)
    assert found.output.meaning.endswith("probabilities")
    assert any("probabilities already" in said for said in found.assumed)


def test_percentages_are_the_softmax_that_they_are_of(own: Path) -> None:
    (own / "own.py").write_text(
        CODE + "\nclass Percent(A):\n    def forward(self, x): return super().forward(x).softmax(1) * 100\n"
    )
    network = opened(own, "Percent")
    assert predict(network, PICTURE) == pytest.approx(predict(opened(own, "A"), PICTURE), abs=1e-5)
    assert any("are percentages" in said for said in network.assumed)
