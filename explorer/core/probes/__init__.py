"""Changes of a picture that show what a filter answers to: pairs of a picture with something and without it."""
