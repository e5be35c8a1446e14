"""Themes: what the doctor looks at, each a list of checks that end in findings."""
