"""Where events come from, by the scheme of a URL: one module or room for each bus."""
