"""What is measured: one module per question. `python -m benchmarks` runs them, `README.md` says what they mean."""
