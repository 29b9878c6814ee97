"""Pictures edited by what a generator has learned: a stack of steps as data, applied to seeds, latents and pictures.

edits       the stack and its steps, as JSON and back
starting    where it begins: a seed, a latent, a picture looked for; tuning: a copy of the generator around it
applying    step after step, as an iterator
dragging    handles to their targets; reachable: where they can go
moving      directions by name; inside: maps changed in a region; regions: masks, painting, cloning
task        all of it as a job, for one picture or a thousand
"""
