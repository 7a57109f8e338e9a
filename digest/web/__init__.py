"""Pages over HTTP: what a reader's links open."""
