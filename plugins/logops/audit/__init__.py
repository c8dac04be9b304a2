"""Prove what is in the bucket: index against blobs, both against what was promised."""
