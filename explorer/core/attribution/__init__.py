"""What a target (a class or a filter) leans on in one picture, as maps; every kind of such a map is a lens."""
