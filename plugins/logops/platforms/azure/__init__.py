"""Storage accounts on Azure, through its management API: read, compare, write, and check roles."""
