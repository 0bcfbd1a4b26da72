"""Where rows lie: files, databases and packages become columns of text in a private DuckDB."""
