"""Weights find their module under whatever names a training script gave them."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from trainer.networks.matching import matches, shared


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.fc = nn.Linear(4, 2)


STATE = Small().state_dict()
WORDS = st.sampled_from(["module", "net", "backbone", "model", "encoder", "resnet", "a_word", "stem"])


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(found[name] is STATE[name] for name in STATE)


@settings(max_examples=30)
@given(words=st.lists(WORDS, max_size=3), compiled=st.booleans(), others=st.sets(WORDS | st.just("loss"), max_size=2))
def test_any_prefix_is_found_and_what_is_foreign_is_named(words: list[str], compiled: bool, others: set[str]) -> None:
    prefix = "".join(f"{word}." for word in words)
    inside = {name.replace("stem.", "stem._orig_mod.") if compiled else name: value for name, value in STATE.items()}
    beside = {f"{word}_besides.weight": torch.ones(2) for word in others}
    match, *_ = matches(STATE, {**{prefix + name: value for name, value in inside.items()}, **beside})
    assert match.problems == ()
    assert same(match.tensors)
    assert set(match.foreign) == set(beside)


def test_a_module_that_wraps_what_was_saved_takes_it() -> None:
    inner = {name: value for name, value in STATE.items()}
    wrapped = {f"module.{name}": value for name, value in STATE.items()}
    assert matches(wrapped, inner)[0].tensors.keys() == wrapped.keys()
    assert matches(wrapped, inner, "module.fc")[0].head is not None


def test_what_is_missing_or_too_much_inside_the_module_is_a_problem_and_not_foreign() -> None:
    less = {name: value for name, value in STATE.items() if name != "stem.0.bias"}
    match = matches(STATE, {**less, "stem.9.weight": torch.ones(1), "fc.bias": torch.ones(3)})[0]
    assert set(match.problems) == {"stem.0.bias is missing", "stem.9.weight is unexpected", "fc.bias is (3,), not (2,)"}
    assert match.foreign == ()


def test_the_part_that_may_be_another_one_is_not_compared() -> None:
    changed = {name: value for name, value in STATE.items() if not name.startswith("fc")}
    changed |= {"fc.1.weight": torch.ones(7, 4)}
    match = matches(STATE, changed, "fc")[0]
    assert match.problems == ()
    assert match.head is not None
    assert set(match.head) == {"1.weight"}


def test_two_networks_in_one_mapping_match_both() -> None:
    both = {f"{word}.{name}": value for word in ("student", "teacher") for name, value in STATE.items()}
    found = [match for match in matches(STATE, both) if not match.problems]
    assert {match.prefix for match in found} == {"student.", "teacher."}
    assert all(len(match.foreign) == len(STATE) for match in found)


@given(parts=st.lists(WORDS, max_size=3), names=st.sets(st.sampled_from(["w", "w_g", "w.v", "b", "c.w"]), min_size=1))
def test_what_names_share_is_the_longest_dotted_beginning_of_all(parts: list[str], names: set[str]) -> None:
    full = [".".join([*parts, name]) for name in names]
    dots = range(1 + min(name.count(".") for name in full))
    beginnings = ["".join(f"{part}." for part in full[0].split(".")[:count]) for count in dots]
    longest = max((start for start in beginnings if all(name.startswith(start) for name in full)), key=len)
    assert shared(full) == longest


def test_names_of_which_one_begins_the_other_share_their_module() -> None:
    assert shared(["a.fc.weight", "a.fc.weight_g"]) == "a.fc."
    assert shared(["a.fc.weight"]) == "a.fc."
    assert shared(["weight"]) == shared([]) == ""
