"""Every claim about speed and quality, one command each; figures are ratios taken in one run."""
