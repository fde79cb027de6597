"""Apple Wallet: certificates, the signed pass, and waking devices."""
