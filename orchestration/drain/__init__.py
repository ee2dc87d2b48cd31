"""The engine loop: claim a batch, call participants concurrently, record in batches, go on."""
