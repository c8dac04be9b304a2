"""A client for Alertmanager's API v2. Errors are in `errors`, values in `model`."""
