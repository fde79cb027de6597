"""What tills say: the public purchase contract, and what a system of tills needs to be read into it.

Read `canonical` (the contract), then `reading` (from bytes to purchases, or to all that is wrong with them),
`record` (as it stands on `purchases.v1`) and `contract` (the generated schemas). For systems that speak another
language: `adapter` (what one is), `webhook` (in which order it is asked), `registry` and `connections`.
"""
