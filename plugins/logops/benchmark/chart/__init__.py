"""The picture of the history of the library's queries: nights to SVG."""
