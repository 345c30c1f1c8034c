"""Consensus methods and key points, computed from typed answers."""
