"""The models behind the experts: one port, three adapters, and the rules of choosing and retrying."""
