"""Google Wallet: the service account, the link that saves a card, and keeping it up to date."""
