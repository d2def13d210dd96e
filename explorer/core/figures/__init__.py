"""Figures for papers: one map, a sheet of maps, an attribution; and the files they go into."""
