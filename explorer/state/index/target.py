"""What an index is about: a network, a folder and the table of its classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.errors import UserError
from explorer.state.index.evidence import has_classes_of
from explorer.state.opened.library import Folder
from explorer.state.opened.network_session import NetworkSession

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.network.opening import Network


@dataclass(frozen=True)
class Target:
    """What an index is about: a network's identity, a folder and the table of its classes, "" where there is none."""

    network: str
    folder: str
    labels: str
    columns: str

    def command(self, networks: NetworkSession, data: Path, *, anew: bool = False) -> list[str]:
        """What the process is asked to do; indexes are kept below `data`. With `anew` it measures the scales anew."""
        options = networks.opening_words | {
            "--images": self.folder,
            "--labels": self.labels,
            "--columns": self.columns,
            "--data": str(data.absolute()),
            "--progress": "json",
        }
        # One word each: a value that begins with a hyphen would be an option otherwise.
        return [
            "index",
            *(f"{option}={value}" for option, value in options.items() if value),
            "--kept",
            *(["--remeasure"] if anew else []),
        ]


def target_of(networks: NetworkSession, folder: Folder | None) -> Target | None:
    """What the index of the open network over the open folder is about; None where one of them is missing."""
    if networks.network is None or folder is None:
        return None
    labels = str(folder.table.absolute()) if folder.table is not None else ""
    return Target(networks.network.identity, str(folder.path.absolute()), labels, folder.columns)


def open_made(path: Path) -> "FolderIndex":
    """The index that the process has written."""
    from explorer.core.index import open_index

    return open_index(path)


def open_kept(network: "Network", folder: Folder, data: Path) -> "FolderIndex":
    """The index of the open folder that was made earlier and kept below `data`.

    UserError where there is none, or where it has other classes for the pictures: those of another table.
    """
    from explorer.core.index.kept_indexes import place_of

    index = open_made(place_of(network, folder.path.absolute(), data))
    if not has_classes_of(index, folder):
        index.close()
        raise UserError("The index has the classes of another table.")
    return index
