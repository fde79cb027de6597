"""What happens to a merchant's customers, sent to other systems (CRM, book-keeping) as signed webhooks."""
