"""List a container: read pages in XML and in Arrow, and split the listing into parts."""
