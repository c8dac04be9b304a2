"""Recording and alerting rules: read their files, test alerts. The stage `rules` rolls them out."""
