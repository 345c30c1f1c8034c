"""Deterministic simulation: the real deciders, workers and projection on a simulated log, bus and clock."""
