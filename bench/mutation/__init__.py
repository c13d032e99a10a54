"""The mutation score of the ledger and of the code that says what is earned."""
