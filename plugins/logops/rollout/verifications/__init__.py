"""What each stage must do, tried on the real thing."""
