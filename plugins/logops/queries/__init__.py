"""The query library: named queries with parameters in `include/logql/`, filled in safely, and run."""
