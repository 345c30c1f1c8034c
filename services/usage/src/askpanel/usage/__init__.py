"""Prices, meters and budgets."""
