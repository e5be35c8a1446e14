"""Events from a topic of Kafka or Event Hubs."""
