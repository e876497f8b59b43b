"""Benchmarks of the promises on speed; `python -m benchmarks` runs them, README.md has results."""
