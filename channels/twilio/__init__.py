"""Twilio: what is asked of it, what it answers and calls back, and what its errors mean."""
