"""The rules that a cluster is judged by: retention, tiers, delete requests, and the phases of a table."""
