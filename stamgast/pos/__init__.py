"""What tills say: the public purchase contract, and (later) one module per POS system that speaks it.

Read `canonical` (the contract), then `reading` (from bytes to purchases, or to all that is wrong with them),
`record` (as it stands on `purchases.v1`) and `contract` (the generated schemas).
"""
