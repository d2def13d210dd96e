"""The names of `explorer.core.tags` that read and write files, for scripts."""

from explorer.core.tags import read_history
from explorer.core.tags.hdf5_file import load_tags, save_tags

__all__ = ["load_tags", "read_history", "save_tags"]
