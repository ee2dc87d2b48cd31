"""The verbs of `manage.py saga`, a module for each kind."""
