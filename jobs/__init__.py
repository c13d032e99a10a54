"""RQ jobs, thin: they fetch, call `retention`, and keep what came of it."""
