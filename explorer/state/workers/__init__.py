"""What runs beside the window: worker threads, processes of commands, and changes on their way into files."""
