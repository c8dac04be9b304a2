"""The query library: named queries with parameters, read from `include/logql/`, filled in safely, run."""
