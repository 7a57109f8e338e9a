"""What we write to one reader, and how we answer what one asks: requests from pages and by mail."""
