"""Faust agents: what comes one at a time and may come twice."""
