"""What stores send us: verified, kept, answered, and only then handed on."""
