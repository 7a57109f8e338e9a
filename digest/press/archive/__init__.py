"""What a newsroom has sent, for whoever comes later: past issues, and the search in them."""
