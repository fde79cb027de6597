"""Who may come in to pages, as whom, and how that ends."""
