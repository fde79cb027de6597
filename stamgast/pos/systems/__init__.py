"""Stamgast's own adapters, one module or package a system (`stamgast.pos.adapter` is what each of them is), and what
they share: `signatures`, `amounts`, `moments`, `ids`.
"""
