"""The agent: acquire, evaluate, store, deliver, in the order an event passes through them."""
