"""From numbers to colors: maps and attributions drawn over a picture, the same in the window and in figures."""
