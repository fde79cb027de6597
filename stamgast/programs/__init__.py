"""A merchant's files on their way into force: checked, published, recorded, looked up again."""
