"""What every service shares, and nothing about any of them."""
