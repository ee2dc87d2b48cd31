"""The inventory service: sets stock aside, and puts it back."""
