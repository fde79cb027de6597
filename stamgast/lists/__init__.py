"""Lists in and out: purchases, customers and consents that a shop brings along; all of a merchant's, or a person's."""
