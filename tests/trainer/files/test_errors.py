"""What went wrong is one line, whatever is quoted in it."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.files.errors import LONGEST_SENTENCE, UserError


@given(st.text(st.characters(), max_size=50))
def test_a_sentence_is_one_printable_line(name: str) -> None:
    sentence = str(UserError(f"{name} cannot be read."))
    assert sentence.isprintable()
    assert sentence.endswith(" cannot be read.")


def test_a_plain_sentence_stays_as_it_is_and_an_endless_one_is_cut() -> None:
    assert str(UserError("größer – 3 × 4")) == "größer – 3 × 4"
    assert len(str(UserError("a" * 100_000))) <= LONGEST_SENTENCE
