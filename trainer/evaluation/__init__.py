"""What a network is worth on a cohort: predictions, figures by class and group, readers' points."""
