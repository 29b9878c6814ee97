"""Runs that belong together: twins in lockstep, sweeps, members that train as one stack."""
