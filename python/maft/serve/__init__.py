"""OpenAI-compatible server over one base model and any number of weight versions."""
