"""The name of `explorer.core.tags.hdf5_file` for scripts."""

from explorer.core.tags.hdf5_file import load_tags, save_tags

__all__ = ["load_tags", "save_tags"]
