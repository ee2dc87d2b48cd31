"""`make bench`: what the real engine achieves on this machine, beside plain RQ in the same run."""
