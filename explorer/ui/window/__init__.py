"""The window itself: its parts put together, its commands, menus and bars."""
