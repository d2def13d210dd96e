"""Takes filters away and computes what the network says without them, from what was kept of the pass before."""

from explorer.core.muting.folder_means import FolderMeans
from explorer.core.muting.kept_pass import KeptPass
from explorer.core.muting.single_picture import FILLS, muted_logits

__all__ = ["FILLS", "FolderMeans", "KeptPass", "muted_logits"]
