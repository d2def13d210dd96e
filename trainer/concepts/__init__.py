"""Where in a picture a person sees lesion, hair, rulers, ink ...: rules, a small network, and how it is trained."""
