"""What the engine is compared with. `*_program` and `*_service` run in the peers' own environment."""
