"""The few hot SQL statements: each named, explained and batched. Nothing here decides anything."""
