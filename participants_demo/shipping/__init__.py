"""The shipping service: books a carrier, and cancels the booking."""
