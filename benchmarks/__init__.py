"""What MedRegistry costs in time and memory: `make bench`."""
