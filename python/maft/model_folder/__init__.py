"""The one reader of model folders: which files count, and whether they fit together. Server, trainer and the check before
a run all ask here, so that they give the same weights or refuse the folder with the same sentence.

Start with `check.py`. Nothing here imports torch: headers of safetensors are read, and a check takes milliseconds.
"""
