"""The orders service: takes an order in, confirms it, writes its receipt, and takes all of that back."""
