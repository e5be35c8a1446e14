"""The configuration file: its tables, and the reader that makes one frozen value of them."""
