"""Prometheus metrics of one server, in a separate registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The metrics that /metrics shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("maft_requests", "HTTP requests answered.", ["route", "status"], registry=self.registry)
        self.prompt_tokens = Counter("maft_prompt_tokens", "Prompt tokens read.", registry=self.registry)
        self.completion_tokens = Counter(
            "maft_completion_tokens", "Tokens drawn, end tokens included.", registry=self.registry
        )
        self.batch_size = Histogram(
            "maft_batch_size",
            "Rows per decoding step.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self.queue = Gauge("maft_waiting_rows", "Rows waiting for a place in the batch.", registry=self.registry)
        self.loaded = Gauge(
            "maft_loaded_versions", "Weight versions in memory, the base included.", registry=self.registry
        )
        self.loads = Counter("maft_version_loads", "Weight versions loaded.", registry=self.registry)
        self.evictions = Counter("maft_version_evictions", "Weight versions evicted.", registry=self.registry)
        self.cancelled = Counter("maft_cancelled_rows", "Rows dropped because the caller left.", registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)
