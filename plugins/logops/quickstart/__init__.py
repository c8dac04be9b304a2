"""`make up` and `make down`: everything on this machine, from nothing, while a person watches."""
