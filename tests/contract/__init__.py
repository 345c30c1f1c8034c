"""What the contracts promise, proved against a real NATS."""
