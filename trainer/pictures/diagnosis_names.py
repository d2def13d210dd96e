"""Which words mean the same diagnosis, and which fall under another one (resources/diagnosis_names.toml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from trainer.files.toml_file import read_toml
from trainer.pictures.diagnosis_words import spelling


@dataclass(frozen=True)
class DiagnosisNames:
    """`one`: from a word's spelling to its diagnosis' first name; `above`: from that to what it falls under."""

    one: Mapping[str, str]
    above: Mapping[str, tuple[str, ...]]

    def of(self, word: str) -> str:
        """The name of the diagnosis that a word means, in the spelling of `spelling`; of an unknown word itself."""
        return self.one.get(spelling(word), spelling(word))

    def known(self, word: str) -> bool:
        """Whether the word means one of these diagnoses."""
        return spelling(word) in self.one or spelling(word) in self.above

    def falls_under(self, word: str, other: str) -> bool:
        """Whether one diagnosis is a kind of the other, whichever way it is reached."""
        above = self.above.get(self.of(word), ())
        return self.of(other) in above or any(self.falls_under(name, other) for name in above)

    def is_kind(self, word: str, other: str) -> bool:
        """Whether one diagnosis is the other or a kind of it, as far as their names tell."""
        finer, coarser = self.of(word), self.of(other)
        return finer == coarser or f" {coarser} " in f" {finer} " or self.falls_under(finer, coarser)


def read_diagnosis_names() -> DiagnosisNames:
    """The bundled names."""
    with resources.as_file(resources.files("resources").joinpath("diagnosis_names.toml")) as path:
        content = read_toml(path, "install the program again")
    first_names = {spelling(word): spelling(words[0]) for words in content["names"] for word in words}
    above: dict[str, tuple[str, ...]] = {}
    for name, kinds in content["kinds"].items():
        for kind in kinds:
            above[spelling(kind)] = (*above.get(spelling(kind), ()), spelling(name))
    return DiagnosisNames(first_names, above)
