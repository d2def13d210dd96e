"""What both command lines read of a network: lists of classes whose names may hold anything."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.networks.arguments import line_of, words_of

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    lambda name: name == name.strip()
)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_list_of_names_reads_back(names: list[str]) -> None:
    assert words_of(line_of(names)) == names


def test_names_with_commas_stand_in_quotation_marks() -> None:
    assert words_of('Nevus,"Melanoma, NOS"') == ["Nevus", "Melanoma, NOS"]
    assert words_of(" a , b,,c ") == ["a", "b", "c"]
    assert words_of("a,\nb") == ["a", "b"]
