"""The REST API under /api/v1: bearer tokens, strict JSON, one envelope for every error."""
