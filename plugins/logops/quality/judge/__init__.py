"""Judge what was measured. Pure: values in, findings out."""
