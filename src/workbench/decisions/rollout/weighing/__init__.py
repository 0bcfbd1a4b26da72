"""What an effect is weighed by: `question` (what was asked), `verdict` (of one arm), `arms` (which to take)."""
