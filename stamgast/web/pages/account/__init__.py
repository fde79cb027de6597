"""Signing in, and who may: invitations, passkeys, sessions, users, tills, and who did what."""
