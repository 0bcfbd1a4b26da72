"""Words that files use, in several languages: data tables, and nothing else."""
