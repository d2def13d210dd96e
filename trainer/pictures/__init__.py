"""Pictures and tables as people have them: decoded, listed, and matched to their classes."""
