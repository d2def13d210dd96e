"""Figures of many pictures, drawn in the background: planned, asked about, and gone on with."""
