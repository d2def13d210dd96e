"""The window: draws and forwards, decides nothing."""
