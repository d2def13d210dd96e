"""The door through which both programs end: whatever happens, a person reads one line."""
