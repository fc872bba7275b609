"""Tables that people bring: text, pasted cells and workbooks, read without trust, and workbooks to fill in.

`reading.read_table` is the door. What it takes in is parsed in a process of its own, which holds nothing worth taking.
"""
