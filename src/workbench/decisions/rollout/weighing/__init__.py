"""What an effect is weighed by: `question` (what was asked, and what it must be worth), `verdict` (what to do)."""
