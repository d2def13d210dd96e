"""The device that computes: its name, its memory, its arithmetic, and what a result depends on besides."""
