<<<<<<< HEAD
"""Ingestion quality: check that every source arrives, in shape and without secrets. Entry points import `run`."""
=======
"""Ingestion quality: do all logs arrive, complete, on time and in shape?"""
>>>>>>> decd876 (logops quality run and show: silent sources, gaps, lines that do not parse, labels, refused lines, agents that are down)
