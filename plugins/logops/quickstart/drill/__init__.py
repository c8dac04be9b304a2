"""`make drill`: break something on purpose, show how it is found and told, repair it."""
