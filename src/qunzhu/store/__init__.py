"""Where apps keep their data: one store per SDKAppID, on SQLite or PostgreSQL, and a small control store."""
