"""The payments service: charges cards and refunds them, and holds money on cards until it is paid out or freed."""
