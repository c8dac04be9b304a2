"""A write-ahead log: records on disk from the log call until the target has acknowledged them."""
