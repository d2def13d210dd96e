"""Occlusion sensitivity: cover one place after another and see what it does to the target, exactly."""
