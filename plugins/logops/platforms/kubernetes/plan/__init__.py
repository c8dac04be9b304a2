"""The plan of a rollout on Kubernetes: what the API server would do, as a diff for people.

Pure: objects before and after in, changes and marks out. `cluster_plan.py` is the way in.
"""
