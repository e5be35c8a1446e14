"""The Texas Instruments HDC1008 for edge-agent."""
