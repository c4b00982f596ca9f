"""The simulated shop as Loyverse's API serves it."""
