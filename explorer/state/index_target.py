"""What an index is about: a network, a folder and the table of its classes."""

from dataclasses import dataclass
from pathlib import Path

from explorer.state.library import Folder
from explorer.state.network_session import NetworkSession


@dataclass(frozen=True)
class Target:
    """What an index is about: a network's identity, a folder and the table of its classes, "" where there is none."""

    network: str
    folder: str
    labels: str
    columns: str

    def command(self, networks: NetworkSession, data: Path) -> list[str]:
        """What the process is asked to do; indexes are kept below `data`."""
        options = networks.opening_words | {
            "--images": self.folder,
            "--labels": self.labels,
            "--columns": self.columns,
            "--data": str(data.absolute()),
            "--progress": "json",
        }
        # One word each: a value that begins with a hyphen would be an option otherwise.
        return ["index", *(f"{option}={value}" for option, value in options.items() if value), "--kept"]


def target_of(networks: NetworkSession, folder: Folder | None) -> Target | None:
    """What the index of the open network over the open folder is about; None where one of them is missing."""
    if networks.network is None or folder is None:
        return None
    labels = str(folder.table.absolute()) if folder.table is not None else ""
    return Target(networks.network.identity, str(folder.path.absolute()), labels, folder.columns)
