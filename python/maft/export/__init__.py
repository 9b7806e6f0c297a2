"""A tuned agent as a folder that others load: a PEFT adapter, or a whole Hugging Face model.

Start with `folders.py`. Cards and commands are written by the program that calls this (`src/export`).
"""
