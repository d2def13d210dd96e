"""The tags of the open network: changed, taken back, saved, and their history."""
