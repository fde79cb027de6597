"""Every model held against what customers did."""
