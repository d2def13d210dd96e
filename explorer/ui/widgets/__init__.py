"""Widgets that know nothing of networks, used by panels and dialogs."""
