"""Shared fixtures of every member's tests."""

# Before any test module: a package whose folder has its own name must be known before the folder is taken for it.
import chassis
import gateway

assert chassis, gateway

pytest_plugins = ["chassis.testing.fixtures"]
