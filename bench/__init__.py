"""Benchmarks of qunzhu: a load, the limits it is compared with, and peers under the same load."""
