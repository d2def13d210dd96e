"""The picture in view as it might have been taken, and as a recipe of the trainer changes it."""
