"""What the worker counts is bounded, whatever names come in."""

from streams import metrics as worker_metrics
from streams.metrics import Metrics


def test_merchants_without_a_programme_are_counted_by_name_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(worker_metrics, "MOST_UNPUBLISHED", 2)
    metrics = Metrics()
    for merchant in ("a", "b", "c", "d", "a"):
        metrics.park(merchant, 10)
    counted = [each for each in next(iter(metrics.parked.collect())).samples if each.name.endswith("_total")]
    assert {each.labels["merchant"]: each.value for each in counted} == {"a": 20, "b": 10, "others": 20}
