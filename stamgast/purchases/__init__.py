"""The one way in for purchases: whatever brought them, `accept` takes them in and tells what looks wrong."""
