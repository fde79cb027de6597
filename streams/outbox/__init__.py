"""What is to be submitted: sent at most once, looked up where in doubt."""
