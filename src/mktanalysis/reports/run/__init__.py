"""Many reports: the batch, the processes they run in, what they will take, making them again."""
