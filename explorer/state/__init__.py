"""What is looked at, what is running and what is tagged: QtCore, no widgets."""
