"""What is open, the network and the folder, and what is known of each without an index."""
