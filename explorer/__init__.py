"""A desktop program that shows what every filter of a trained CNN answers to."""

__version__ = "0.1.0"
