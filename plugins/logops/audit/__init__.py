"""Audits: check what is stored, index against blobs, and both against what was promised. Entry points import `run`."""
