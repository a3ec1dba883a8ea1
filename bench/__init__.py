"""`make bench`: latency, throughput, cold start and memory of Harborline beside stock Rasa, in one run."""
