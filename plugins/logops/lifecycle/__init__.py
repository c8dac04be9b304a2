"""Azure lifecycle policies: what they do to a blob when, applied where no Azure does it, and compared."""
