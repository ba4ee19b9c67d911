"""The reference, written from the tables: ``python -m qunzhu.reference`` makes docs/reference, /docs serves it."""
