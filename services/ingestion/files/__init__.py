"""Files as agencies and desks keep them: understood, shown, and only then read into figures."""
