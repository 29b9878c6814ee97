"""What a picture of a run shows, in a sentence: the evidence of one moment, and the rules that put it in words."""
