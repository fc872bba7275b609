"""Shared fixtures of every member's tests."""

pytest_plugins = ["chassis.testing.fixtures"]
