"""Trainings: courses, deliveries, people, seats and completions, and every count of people."""
