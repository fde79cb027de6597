"""How many records were passed over because none of us signed them, for Prometheus."""

from prometheus_client import CollectorRegistry, Gauge

from stamgast.log.signatures import REFUSED


class UnsignedFigures:
    """In a registry of the process's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Gauge(
            "stamgast_unsigned_records",
            "Records passed over since this process began, because none of us signed them",
            ["topic"],
            registry=registry,
        )

    def show(self) -> None:
        """Take over how many there were by now."""
        for topic, count in list(REFUSED.items()):
            self._records.labels(topic).set(count)
