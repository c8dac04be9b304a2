"""Read what is there: the containers, and what Loki's processes report."""
