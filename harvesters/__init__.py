"""Harvesters: they poll Hugging Face, GitHub and OpenAlex and hand what they saw to `registry.ingest`."""
