"""REST, SSE, authentication and the read model."""
