"""A small network and the index of a small folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.core.index import FolderIndex, build_index, open_index
from explorer.core.network.opening import Network
from tests.networks import open_small
from trainer.synthetic.picture import write_folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty drawn pictures of 48 x 48 in two class folders, and their table."""
    folder = tmp_path_factory.mktemp("muting") / "drawn"
    write_folder(folder, 40, size=48)
    return folder


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return open_small(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="session")
def index_file(drawn: Path, network: Network) -> Path:
    return build_index(network, drawn / "images", drawn / "index.h5")


@pytest.fixture
def index(index_file: Path) -> Iterator[FolderIndex]:
    with open_index(index_file) as opened:
        yield opened
