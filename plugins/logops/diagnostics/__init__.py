"""Problems at a position in a file, as people, editors and CI read them."""
