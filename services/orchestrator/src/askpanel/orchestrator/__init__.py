"""The panel protocols as pure deciders, and the worker that runs them."""
