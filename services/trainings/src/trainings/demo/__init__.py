"""Generated records for a demonstration: nobody in them is real, and every name says so. `python -m trainings.demo`."""
