"""From any source to any sink, without a loss."""
