"""What every filter answered on every picture of a folder, in one file."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.index.build import build_index
    from explorer.core.index.folder_index import FolderIndex, open_index

__all__ = ["FolderIndex", "build_index", "open_index"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "build": ["build_index"],
        "folder_index": ["FolderIndex", "open_index"],
    },
)
