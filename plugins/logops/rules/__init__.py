"""Recording and alerting rules: what their files say, and when an alert fires. Rolled out by the stage `rules`."""
