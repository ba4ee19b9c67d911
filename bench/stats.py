"""Percentiles and medians; the only arithmetic that the rest of the benchmark shares."""

from collections.abc import Sequence


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the nearest-rank percentile of an ascending sequence; 0 if it is empty.

    `share` is a fraction, 0.99 for p99. No interpolation: the answer is a value that was really measured.
    """
    if not ordered:
        return 0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def micros(nanoseconds: float) -> float:
    """Return microseconds with one decimal, the unit of every latency in the results."""
    return round(nanoseconds / 1000, 1)
