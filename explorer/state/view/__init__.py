"""What is in view: the picture, its maps and their drawing, what is muted, and what stands beside."""
