"""Any system of tills without code: a mapping says where in its JSON or CSV the fields of a purchase stand.

Read `stamgast.pos.mapping` (what a mapping may say), `values` (from what is found to a field's value), `adapter` (a
mapping as a system of tills), `trial` (field by field, what a mapping understands and what it misses).
"""
