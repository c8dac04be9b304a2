"""Find what makes a query slow, wrong or fragile, and rewrite it: for a query and for the queries in a file."""
