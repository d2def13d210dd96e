"""Networks that are one straight line of layers, found from the names and shapes of their weights alone."""
