"""What rules came to within a span of days, reckoned from the public topics alone.

`spans` says which moments a span is, `lives` what is gathered of one customer, `reckoning` what their life comes to,
`reading` reads the topics, a bounded number of customers at a time.
"""
