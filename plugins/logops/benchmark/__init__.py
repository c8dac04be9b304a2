"""Measure the query library on a live cluster, against its objectives and its history."""
