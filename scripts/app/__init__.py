"""The parts of the running app: Lambdas, page, service, receipts, buckets."""
