"""Amazon SNS and SQS, through botocore (optional extra `aws`)."""
