"""Events as records of a Kafka topic; Event Hubs is a Kafka with other names and limits."""
