"""Networks and the files they come in: architectures, checkpoints, and what a stranger's file of weights holds."""
