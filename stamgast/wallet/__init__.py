"""Cards in wallets: as a signed `.pkpass` for Apple Wallet, as a loyalty object of Google Wallet."""
