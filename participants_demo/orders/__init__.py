"""The orders service: takes an order in, and takes it back."""
