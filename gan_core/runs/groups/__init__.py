"""Sweeps: their plan, their measures, and members that train as one stack."""
