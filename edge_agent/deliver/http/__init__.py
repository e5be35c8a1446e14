"""Events to a web server: CloudEvents over HTTP, signed or with a bearer token."""
