"""Customer lifetime value in batches: reading histories, fitting the purchase models, scoring many customers at once.

What one customer's score is, is said in `stamgast.domain` (`attrition`, `dropout`, `pareto`, `spend`,
`residual_value`) in plain Python, for the worker and as the plainer statement of the same formulas. Here the same is
done over arrays, on numpy and scipy:

1. `purchase_file`: a CSV of purchases, checked line by line.
2. `rows`: histories as arrays, equal ones collapsed into one with a count.
3. `dropout_model`, `pareto_model`, `own_rate_model`: log-likelihood with its gradient, and scores, over rows.
4. `spend_model`: the Gamma-Gamma model of amounts.
5. `maximum`: maximum likelihood or posterior, standard errors, signs of a fit that has come to nothing.
6. `fitting`: which model is fitted how, and what is done when a fit has come to nothing.
7. `scores`: every score of every model over rows, by exact formulas; the distribution of the number of purchases.
8. `parameter_file`: what was fitted, as JSON with a version (`stamgast.domain.clv_parameters`).
9. `windows`: what was known at a day and what came after it; `forecasts`: what is foretold of each customer.
10. `combined`: the models together, by `pool_weights` and `logistic`; `best_model`: which to go by.
11. `evaluation`, by `judging`, `metrics` and `bootstrap`; its curves, plots and report in `evaluation_*`.
12. `segments`, with `acquisition_costs` and `own_parameters`.
"""
