"""What others bought next: counted in purchases, tried on the last part of them."""
