"""What looks back at whole logs: verify, rebuild, mend, and the daily figures of segments."""
