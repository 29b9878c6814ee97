"""Commands that look into runs, measure them and carry them away: a module each."""
