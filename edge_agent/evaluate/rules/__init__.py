"""Rules: their states, and the alerts that follow from them."""
