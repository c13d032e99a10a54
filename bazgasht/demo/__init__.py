"""The main job, shown end to end on a pretend store with real purchases."""
