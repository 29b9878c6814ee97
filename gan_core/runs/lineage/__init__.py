"""Runs that come from others: branches, twins in lockstep, resumed runs, families."""
