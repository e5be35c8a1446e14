"""Confluent's own deserializer, in an environment of its own.

usage: confluent_avro.py URL TOPIC, with messages as a list of hexadecimal texts on standard input;
prints the events that it has read.
"""

import json
import sys

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

url, topic = sys.argv[1:]
read = AvroDeserializer(SchemaRegistryClient({"url": url}))
context = SerializationContext(topic, MessageField.VALUE)
events = [read(bytes.fromhex(text), context) for text in json.load(sys.stdin)]
print(json.dumps(events, default=str))
