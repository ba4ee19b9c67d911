"""Rules, tables and records. No input or output; imports the standard library and msgspec only."""
