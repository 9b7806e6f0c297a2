"""Supervised finetuning of one agent: a job file in, weights, checkpoints and events out. Start at `run.py`."""
