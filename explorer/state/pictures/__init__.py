"""The list of pictures: searched, cut down to some, and starred."""
