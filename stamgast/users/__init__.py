"""People who sign in to pages, and tills that are paired: what they are, and the table of those in force."""
