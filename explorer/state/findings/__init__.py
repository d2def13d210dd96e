"""What is measured over the whole folder when somebody looks: evaluation, muting, the alarm, the report."""
