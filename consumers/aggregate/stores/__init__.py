"""Where rows are kept: in one file, or in a server."""
