"""The subcommands of `feature-trainer`, a module each; they import what is heavy when they run."""
