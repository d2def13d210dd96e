"""Which pictures have an artifact, as a person says it."""
