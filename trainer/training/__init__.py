"""From a cohort to a network: the recipe, the loop, and all that one step needs."""
