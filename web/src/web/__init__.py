"""The pages of Tributary: HTML made on the server, from what the API answers."""
