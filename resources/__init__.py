"""Importable data: the demo network, its pictures, icons, and the vocabulary of tags."""
