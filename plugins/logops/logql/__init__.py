"""LogQL: read, checked, built, written."""
