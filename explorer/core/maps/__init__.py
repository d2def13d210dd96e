"""What every filter answers on a picture, kept for a while, and the scale on which it is drawn."""
