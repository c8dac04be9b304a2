"""Show results on a terminal: text, tables, colours. Decides nothing."""
