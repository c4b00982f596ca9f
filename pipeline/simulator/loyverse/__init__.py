"""Loyverse's API over the simulated shop."""
