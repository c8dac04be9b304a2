"""`make up` and `make down`: start and stop everything on this machine, with progress for a person."""
