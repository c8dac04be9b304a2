"""Azure lifecycle policies: read, compare, and apply them where Azure does not (Azurite)."""
