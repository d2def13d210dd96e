"""How well what a filter answers fits what is to be seen in pictures, measured against other pictures' concepts."""
