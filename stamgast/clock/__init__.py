"""Shop time at the edges: the clocks, how far they are believed, and who watches them."""
