"""Clips edited frame by frame, and films out of edits and pictures.

intake      what somebody gives for a clip, a zip of frames too
reading     an untrusted clip as frames, decoded in a process of its own
kept_clips  clips that were brought, kept on disk for some days
box         the subject cut out of a frame and put back with a soft border
inverting   a latent for every frame, each looked for from the one before; smoothed over time
carrying    a stack of edits on many frames and at any strength; strength: when it is how strong
nearest     the nearest picture to a live one, within a fraction of a second
writing     frames as MP4 or GIF with their own times and sound
clip_task   a clip edited as a job; film_tasks: a film of an edit, and one between pictures
"""
