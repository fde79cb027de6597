"""A trial on one bare machine: every process of the engine, real purchases, a bakery till, and an honest account.

Reading order: `run` (what happens when) - `stage` (the processes) - `cdnow` and `people` (who buys what) - `till` (the
bakery) - `driver` (shop time and the days) - `settling` (has the engine caught up?) - `account` and `audit` (was
anything lost or doubled?) - `counts`, `page` and `till.html` (what a person sees).
"""
