"""Files that are replaced whole or not at all, errors and progress for people, and the machine."""
