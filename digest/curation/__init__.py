"""What gets read: sources, articles, issues, picks. Editors' decisions and nothing else."""
