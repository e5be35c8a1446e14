"""AMQP 0-9-1: events for RabbitMQ."""
