"""Shared fixtures of every member's tests."""

# Before any test module: a package whose folder has its own name must be known before the folder is taken for it.
import chassis
import gateway
import web

assert chassis
assert gateway
assert web

pytest_plugins = ["chassis.testing.fixtures", "tests.system.browsers"]
