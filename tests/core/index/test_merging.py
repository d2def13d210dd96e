"""An index of many parts stays readable where a process may have few files open."""

import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.core.index import build_index, open_index
from explorer.core.index.build import BuildOptions
from explorer.core.index.merging import MOST_PARTS, fewer_parts
from explorer.core.index.parts import Part, PartFolder, folder_of
from explorer.core.index.schema import ANSWERS
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey
from tests.core.index.apart import opened_with_few_files, read_with_few_files
from tests.core.index.test_build import computed, draw
from tests.networks import open_small

__all__ = ["computed"]

MANY, MOST, FILES = 48, 8, 40


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return open_small(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
def test_it_is_read_right_where_fewer_files_may_be_open_than_parts_were_written(
    network: Network, tmp_path: Path
) -> None:
    draw(tmp_path / "pictures", MANY)
    options = BuildOptions(of_a_part=1, most_parts=10_000)
    out = build_index(network, tmp_path / "pictures", tmp_path / "i.h5", options=options)
    assert f"i.h5 has {MANY} parts, and this system lets a program have fewer files open" in opened_with_few_files(
        out, FILES
    )
    build_index(network, tmp_path / "pictures", out, options=BuildOptions(of_a_part=1, most_parts=MOST))
    assert opened_with_few_files(out, FILES) == ""  # its advice helps
    with open_index(out) as index:
        assert len(index._parts) <= MOST < FILES < MANY
        told = [index.peaks(FilterKey(1, row)) for row in range(3)]
        np.testing.assert_array_equal(read_with_few_files(out, FILES), [*told, index.logits[:, 0]])


def test_nothing_is_computed_again_and_old_parts_go(network: Network, tmp_path: Path, computed: list[int]) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "i.h5"
    draw(pictures, MANY)
    build_index(network, pictures, out, options=BuildOptions(of_a_part=1, most_parts=10_000))
    with open_index(out) as index:
        assert len(index._parts) == MANY
        rows = {name: row for row, name in enumerate(index.pictures)}
        before = {name: index.layer_answers(2, name) for name in ANSWERS} | {"logits": index.logits.T}
    computed.clear()
    for new in (0, 1):
        if new:
            draw(pictures, new, seed=9)
        build_index(network, pictures, out, options=BuildOptions(of_a_part=1, most_parts=MOST))
        assert sum(computed) == new
        with open_index(out) as index:
            assert len(index._parts) <= MOST
            there = [row for row, name in enumerate(index.pictures) if name in rows]
            for name, values in before.items():
                now = index.logits.T if name == "logits" else index.layer_answers(2, name)
                np.testing.assert_array_equal(now[:, there], values)
    left = [path for path in folder_of(out).glob("[0-9a-f]*.h5")]
    assert len(left) <= 2 * MOST + 1  # those that were read until now, those in their place, and the new picture's own


@pytest.mark.parametrize("sizes", [[52] * 1900, [1] * 400, [*range(1, 300)], [1000] * 150 + [1] * 50, [5] * 161])
def test_there_are_few_parts_none_far_larger_than_needed(
    sizes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def write(self: PartFolder, parts: list[Part]) -> Part:
        written.append(sum(len(part.digests) for part in parts))
        return Part(tmp_path / f"new{len(written)}", tuple(digest for part in parts for digest in part.digests))

    monkeypatch.setattr(PartFolder, "write_together", write)
    parts = [Part(tmp_path / f"{row}", ("d",) * size) for row, size in enumerate(sizes)]
    found = fewer_parts(PartFolder(tmp_path / "i.h5", "key"), parts)
    assert sum(len(part.digests) for part in found) == sum(sizes)
    assert len(found) <= MOST_PARTS
    assert max(written) <= 2.5 * sum(sizes) / MOST_PARTS + min(sizes)
    assert fewer_parts(PartFolder(tmp_path / "i.h5", "key"), found) == found
