"""HTTP for every client: requests and outcomes as values, one retry policy, one transport that sends."""
