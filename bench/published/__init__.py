"""Published and reference figures beside ours: `python -m bench.published` compares them all."""
