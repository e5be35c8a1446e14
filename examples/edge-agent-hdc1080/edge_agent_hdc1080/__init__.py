"""The Texas Instruments HDC1080 for edge-agent."""
