"""How both programs end, whatever happens, and how far their work is meanwhile."""
