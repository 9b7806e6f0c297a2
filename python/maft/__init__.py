"""Python side of multiagent finetuning: everything that touches model weights."""
