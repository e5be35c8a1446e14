"""Events from a queue of Amazon SQS, through botocore (optional extra `aws`)."""
