// An alert system in Node.js: it says when it is warmer than 30 °C, and when it no longer is.
import amqp from "amqplib";

const channel = await (await amqp.connect("amqp://localhost")).createChannel();
const queue = "alerts-node";
const seen = new Set(); // an event may arrive twice, always with the same id
let warm = false;

await channel.assertExchange("edge", "topic", { durable: true });
await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.bindQueue(queue, "edge", "edge.*.reading.climate");
await channel.prefetch(100);
await channel.consume(queue, (message) => {
  const event = JSON.parse(message.content.toString());
  const temperature = event.data.values?.temperature;
  if (!seen.has(event.id) && temperature !== undefined && temperature > 30 !== warm) {
    warm = !warm;
    console.log(`Node.js: ${temperature.toFixed(1)} °C, ${warm ? "too warm" : "fine"}`);
  }
  seen.add(event.id);
  channel.ack(message);
});
console.log("Node.js: waiting for events");
