"""The numbers of retention: each with its definition, period, sample size and interval."""
