"""What tells a person: found by name and look, and replaced by pseudonyms."""
