"""Candidates of a list that is being corrected come in the order of their likeness to what was confirmed."""

from pathlib import Path

import numpy as np

from explorer.core.alarm import likely_pictures
from explorer.core.index import open_index
from tests.core.index.synthetic_index import write_index


def test_the_most_alike_come_first_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kind = np.arange(30) % 3
    embedding = np.eye(3)[kind] * 5 + random.normal(0, 0.3, (30, 3))
    with open_index(write_index(tmp_path / "index.h5", np.ones((1, 30)), embedding=embedding)) as index:
        names = index.pictures
        found = likely_pictures(index, [names[0], names[3]], n=8)
        assert {int(name[7:11]) % 3 for name, _ in found} == {0}
        assert [likeness for _, likeness in found] == sorted((one for _, one in found), reverse=True)
        assert not {names[0], names[3]} & {name for name, _ in found}
        against = likely_pictures(index, [names[0]], rejected=[names[1]])
        assert {int(name[7:11]) % 3 for name, _ in against[-8:]} == {1}
        assert names[1] not in {name for name, _ in against}
        assert likely_pictures(index, []) == []
        assert likely_pictures(index, ["not there.png"]) == []
