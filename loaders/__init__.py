"""From the bytes of a dataset to records: fetch, read, map, hand over."""
