"""An alert system: it says when it is warmer than 30 °C, and when it no longer is."""

from consumers import consume

warm = False
for event in consume("amqp://localhost/alerts?exchange=edge", group="alerts"):
    temperature = event.data.get("values", {}).get("temperature")
    if temperature is not None and (temperature > 30) != warm:
        warm = not warm
        print(f"{event.node}: {temperature:.1f} °C, {'too warm' if warm else 'fine'}", flush=True)
