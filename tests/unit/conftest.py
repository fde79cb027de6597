"""Hypothesis: the same examples in every run. `HYPOTHESIS_PROFILE=hunt` draws new ones, and many more of them."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hunt", settings.get_profile("steady"), derandomize=False, max_examples=2_500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
