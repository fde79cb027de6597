"""Customer lifetime value in batches: reading histories, fitting the purchase models, scoring many customers at once.

What one customer's score is, is said in `stamgast.domain` (`models`, `attrition`, `residual_value`) in plain Python,
for the worker and as the plainer statement of the same formulas. Here the same is done over arrays, on numpy and scipy:

1. `data`: a CSV of purchases, checked line by line, or live states, as `rows`: equal histories collapsed into one with
   a count. `windows`: what was known at a day and what came after it.
2. `models`: `bg_nbd`, `pareto_nbd`, `nbd` and `gamma_gamma` as log-likelihoods with their gradients, fitted by
   `maximum` (`fitting`: what is done where a fit comes to nothing), scored by exact formulas (`scores`), and kept
   (`parameter_file`).
3. `scoring`: from a sample to parameters, and from parameters to a score per customer.
4. `selection`: what is foretold (`forecasts`), how good that was (`metrics`), and what that decides.
5. `ensemble`: the models together (`combined`, by `weights`), and `best_model`: which to go by.
6. `evaluation`: all of them held against what customers did, with curves, plots and a report.
7. `segments`: what tags and sources are worth, from files and from live states.
"""
