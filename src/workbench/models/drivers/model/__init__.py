"""The drivers' model: fitted once, asked for importance and what-ifs, compared and doubted."""
