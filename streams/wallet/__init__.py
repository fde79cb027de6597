"""Tells wallets that cards have changed: wakes devices that have a pass, brings Google's objects up to date."""
