"""Home Assistant's long-term statistics: the hours that it lacks, from the event log."""
