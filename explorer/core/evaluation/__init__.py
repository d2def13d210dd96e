"""How far the network's predictions on a folder agree with the given classes, over `trainer.measures`."""
