"""Takes filters away and computes what the network says without them, from what was kept of the pass before."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from explorer.core.muting.folder_means import FolderMeans
    from explorer.core.muting.kept_pass import KeptPass
    from explorer.core.muting.single_picture import FILLS, muted_logits

__all__ = ["FILLS", "FolderMeans", "KeptPass", "muted_logits"]

# Each module is read when it is first asked for: a thread that reads one waits for no other that reads the package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "folder_means": ["FolderMeans"],
        "kept_pass": ["KeptPass"],
        "single_picture": ["FILLS", "muted_logits"],
    },
)
