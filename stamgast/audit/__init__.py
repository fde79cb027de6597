"""Who did what, and when: noted by pages, commands and API keys, and read back by merchant."""
