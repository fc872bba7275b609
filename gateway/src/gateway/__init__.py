"""The gateway: signs in, routes, joins figures, keeps users, grants and tokens."""
