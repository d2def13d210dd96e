"""A second network: opened, matched filter by filter, asked, and drawn beside the first."""
