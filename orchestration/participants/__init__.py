"""How participants are called: one command out, one answer back, whatever the transport."""
