"""Funding: fund lines and the ledger, and every total of money."""
