"""What a script can call: numpy, torch, Pillow and h5py, no Qt."""
