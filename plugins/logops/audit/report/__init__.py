"""The results of an audit, for people and programs."""
