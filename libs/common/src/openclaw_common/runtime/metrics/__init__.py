"""What a process counts and measures, and how it is read.

`instruments` is the table of all of them; `recorder` counts, `prometheus` and `otlp` give it away.
May not live here: anything that knows what a run or a delivery is.
"""
