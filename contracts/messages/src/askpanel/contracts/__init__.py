"""Events, subjects, envelope and topology of Ask Panel."""
