"""The demo's base model: how the tiny arithmetic model is made, `python -m maft.tiny --help`.

Read in this order: problems (the task), process (shared misconceptions, slips, recognition), conversations (the three
jobs as chats), drills, vocabulary, recipe, batches, pretraining; then debates, intervention, evaluation and gate (what
a model must be able to do before it is published).
"""
