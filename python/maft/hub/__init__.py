"""Model repositories of the Hugging Face Hub as folders of the Hub's own cache."""
