"""What a run leaves behind for a reviewer: one page with figures and numbers."""
