"""Four demo microservices that speak the participant protocol. They know the orchestrator by that protocol only."""
