"""Kubernetes as a deployment target."""
