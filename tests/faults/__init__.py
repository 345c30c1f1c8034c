"""Proof that nothing is lost and nothing doubled: one checker of the invariants, a sweep and a soak."""
