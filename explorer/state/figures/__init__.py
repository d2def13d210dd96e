"""The figure in view, copied or saved: of one map, of two panels, of two networks, of a lens."""
