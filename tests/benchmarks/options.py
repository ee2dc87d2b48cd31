"""What both benchmarks read on their command lines."""

import argparse


def positive(text: str) -> int:
    """Raises argparse.ArgumentTypeError, which is shown to the caller."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)
