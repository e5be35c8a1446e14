"""The contracts of the events: what a consumer may rely on, in every version that is in use."""
