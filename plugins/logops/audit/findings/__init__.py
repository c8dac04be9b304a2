"""Turn faults and states into findings."""
