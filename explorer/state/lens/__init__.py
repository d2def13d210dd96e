"""The lens over the picture: chosen, pointed, its map, the patch of occlusion, and the lens elsewhere."""
