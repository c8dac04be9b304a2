"""How long the library's queries take on a live cluster, against what was promised."""
