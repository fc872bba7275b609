"""The Python client of Tributary, and its command."""
