"""Key points: normalise, vectors, negation guard, clustering, matching prose to points."""
