"""Bytes in, bytes out: REST, the gateway and the pages."""
