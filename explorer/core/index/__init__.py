"""What every filter answered on every picture of a folder, in one file."""

from explorer.core.index.folder_index import FolderIndex, open_index

__all__ = ["FolderIndex", "open_index"]
