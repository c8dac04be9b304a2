"""What people see on a terminal: text, tables, colours. Decides nothing."""
