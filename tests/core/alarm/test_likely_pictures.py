"""Candidates of a list that is being corrected come in the order of their likeness to what was confirmed."""

from pathlib import Path

import numpy as np

from explorer.core.alarm.likely_pictures import candidates, likely_pictures
from explorer.core.alarm.picture_table import CONCEPTS
from explorer.core.index import open_index
from tests.core.index.synthetic_index import write_index
from trainer.files.written_tables import write_rows


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
        assert all(-1 <= likeness <= 1 for _, likeness in (*found, *against))
        assert against[0][1] > 0.8, "what is unlike the rejected one loses nothing by it"
        assert likely_pictures(index, []) == []
        assert likely_pictures(index, ["not there.png"]) == []


def test_before_anything_is_confirmed_the_surest_come_first(tmp_path: Path) -> None:
    """What was measured is read, and nothing is measured: there are no pictures here."""
    with open_index(write_index(tmp_path / "index.h5", np.ones((1, 9)))) as index:
        names, digests = index.pictures, index.digests
        assert [one.picture for one in candidates(index, "hair", {})] == list(names)
        place = 1 + CONCEPTS.columns.index("hair")
        kept = [CONCEPTS.header, *([digests[row], *[0.0] * len(CONCEPTS.columns)] for row in (1, 4, 6))]
        for line, sure in zip(kept[1:], (0.3, 0.9, 0.6), strict=True):
            line[place] = sure
        CONCEPTS.kept_beside(index).write_bytes(write_rows(kept))
        found = candidates(index, "hair", {names[6]: {"hair": False}, names[8]: {"ruler": True}})
        assert [one.picture for one in found] == [names[row] for row in (4, 1, 0, 2, 3, 5, 7, 8)]
        assert [one.found for one in found[:3]] == [0.9, 0.3, None]
        assert all(one.likeness is None for one in found)
        alike = candidates(index, "hair", {names[0]: {"hair": True}}, n=3)
        assert [one.picture for one in alike] == [name for name, _ in likely_pictures(index, [names[0]], n=3)]
        assert None not in [one.likeness for one in alike]
