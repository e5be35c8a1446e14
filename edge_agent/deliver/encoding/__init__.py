"""How a logged event becomes the body of a message: JSON, or Avro with or without a registry."""
