"""Peers: other servers, each installed, started, measured and removed by one module with one context manager."""
