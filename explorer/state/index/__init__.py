"""The index of the open folder: made, opened, and asked what filters answer to over all pictures."""
