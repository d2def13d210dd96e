"""What the box of pictures beside offers: what was pinned, and everything that comes by itself."""
