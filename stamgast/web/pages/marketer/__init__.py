"""Pages of who works with a programme; their figures come from `stamgast.marketer`."""
