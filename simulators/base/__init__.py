"""What models of one family share; a model's own file holds what only its datasheet says."""
