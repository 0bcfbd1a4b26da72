"""What a drivers' study says: the summary, its headline, findings and figures."""
