"""What every scheduled check shares: the moment it judges, and how its run is recorded."""
