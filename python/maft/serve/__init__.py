"""OpenAI-compatible server over one base model and any number of weight versions.

Start here: `http.py` (routes) -> `versions.py` (which weights, loaded on first use) -> `engine.py` (the one thread that
computes: rows join and leave between two steps) -> `decoder.py` (the arithmetic of one step for rows of all versions)
-> `draw.py` (the next token). `invariance.py` says why a text does not depend on what it was batched with.
"""
