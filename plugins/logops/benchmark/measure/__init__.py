"""Run the library's queries on live clusters, and measure each answer."""
