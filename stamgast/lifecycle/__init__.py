"""How processes and tasks end."""
