"""Equality of mathematical answers by Math-Verify, in worker processes that a poisonous pair cannot outlive."""
