"""Events from a queue or a stream of RabbitMQ."""
