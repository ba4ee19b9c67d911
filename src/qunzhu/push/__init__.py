"""From the write to the users: who is connected, and what they are told."""
