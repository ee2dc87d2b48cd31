"""`make faults`: breaks the running system at random, then joins the participants' ledgers with the saga tables."""
