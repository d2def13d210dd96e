"""What a person can see in a picture: its values as a whole, and where in it concepts are."""
