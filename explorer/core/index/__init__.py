"""What every filter answered on every picture of a folder, in one file."""

from explorer.core.index.build import build_index
from explorer.core.index.folder_index import FolderIndex, open_index

__all__ = ["FolderIndex", "build_index", "open_index"]
