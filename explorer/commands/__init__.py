"""The subcommands of `feature-explorer`, one module each; none needs a window."""
