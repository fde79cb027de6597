"""What a marketer is shown of the shop: the figures of each page, made of what was read once, as pure functions.

Nothing here goes through customers: `stamgast.domain` says what the owners' commits count, `reading` fetches that.
"""
