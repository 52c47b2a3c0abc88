"""What runs, checks and refreshes the notebooks. `course ...` and `make test` use it; a lesson never does."""
