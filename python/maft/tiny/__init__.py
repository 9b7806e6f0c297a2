"""The demo's base model: how the tiny arithmetic model is made, `python -m maft.tiny --help`.

Read in this order: problems (the task and its slips), conversations (the three jobs as chats), vocabulary, recipe,
batches, pretraining, evaluation.
"""
