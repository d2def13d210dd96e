"""Pictures with their diagnoses, patients and lesions, decoded and split, in one file."""
