"""The index of a table: its entries, with a join key for each."""
